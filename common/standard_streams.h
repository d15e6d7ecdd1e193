/* standard_streams - descriptors 0, 1 and 2, before a program opens anything else. */
#ifndef LAYERNAS_COMMON_STANDARD_STREAMS_H
#define LAYERNAS_COMMON_STANDARD_STREAMS_H

/* Opens /dev/null for those that are closed: the next file that is opened would get that number,
 * and what is printed would be written into it. */
void standard_streams_open(void);

/* From now on writing where nobody reads is an error, EPIPE, and does not end the process. Programs
 * started later by fork and exec inherit that unless it is set back for them. */
void standard_streams_ignore_broken_pipes(void);

#endif
