/* version - of the programs, for --version and for peers to see. */
#ifndef LAYERNAS_COMMON_VERSION_H
#define LAYERNAS_COMMON_VERSION_H

#define LAYERNAS_VERSION "0.1.0"

#endif
