/* normalisation - how the bytes of an image become a network's input, channel by channel:
 * (byte - mean) / deviation, both of the images that the network was trained on. */
#ifndef LAYERNAS_COMMON_NORMALISATION_H
#define LAYERNAS_COMMON_NORMALISATION_H

enum { NORMALISATION_CHANNELS = 4 };

struct normalisation {
    float mean[NORMALISATION_CHANNELS];
    float deviation[NORMALISATION_CHANNELS]; /* above 0 */
};

#endif
