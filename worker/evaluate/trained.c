#include "worker/evaluate/trained.h"

#include <errno.h>
#include <inttypes.h>

int trained_check_images(const struct network *network, const struct images *images,
                         struct errmsg *err)
{
    const struct shape *in = &network->ops[0].out, *have = &images->shape;
    int32_t logits = network->ops[network->n_ops - 1].out.channels;

    if (!shape_equal(in, have))
        return errmsg_set(err, -EINVAL, "images of %dx%dx%d, the network takes %dx%dx%d",
                          have->channels, have->height, have->width, in->channels, in->height,
                          in->width);
    if ((uint32_t)logits < images->classes)
        return errmsg_set(err, -EINVAL, "images of %" PRIu32 " classes, the network tells %d apart",
                          images->classes, logits);
    return 0;
}

/* With the batches of the training: other sizes may round the logits otherwise. */
int trained_measure(const struct weights_file *file, const struct images *images, uint32_t threads,
                    struct accuracy *accuracy_out, struct errmsg *err)
{
    struct trainer *trainer = NULL;
    struct image_set all = { 0 };
    int rc = trained_check_images(&file->network, images, err);

    if (rc == 0)
        rc = trainer_new(&file->network, &file->evaluation.schedule, threads, 0, &trainer, err);
    if (rc < 0)
        return rc;
    rc = trainer_load(trainer, file->floats.data, file->floats.size, err);
    if (rc < 0)
        goto out;
    rc = images_all(images, &file->normalisation, &all);
    if (rc == 0)
        rc = trainer_evaluate(trainer, &all, accuracy_out);
    if (rc < 0)
        errmsg_set(err, rc, "no memory for %zu images", images->n);
out:
    image_set_clear(&all);
    trainer_free(trainer);
    return rc;
}
