#include "coordinator/keygen.h"

#include "proto/key_file.h"

static const char *const everything[] = { "server", "worker", "observer", "control" };

static void explain(const char *folder, const char *name, FILE *out)
{
    static const char *const uses[KEY_ROLES] = {
        [KEY_SERVER] = "stays here: layernas-coordinator --keys",
        [KEY_WORKER] = "to a worker's machine, with server.pub: layernas-worker --keys",
        [KEY_OBSERVER] = "to who may look, with server.pub: layernas-status --keys",
        [KEY_CONTROL] = "to who may also steer, with server.pub: layernas-status --keys",
    };
    enum key_role role;

    if (key_role_of(name, &role))
        fprintf(out, "%s/%s.key  %s\n", folder, name, uses[role]);
}

int keygen(const char *folder, const char *const *names, size_t n, FILE *out, struct errmsg *err)
{
    int rc;

    if (n == 0) {
        names = everything;
        n = sizeof everything / sizeof *everything;
    }
    rc = key_files_make(folder, names, n, err);
    for (size_t i = 0; i < n && rc == 0; i++)
        explain(folder, names[i], out);
    if (rc == 0)
        fprintf(out,
                "Whose .pub lies beside server.key gets in; remove it to keep its holder out.\n");
    return rc;
}
