/* A word now and then while a command computes: a thread of its own, that wakes to speak and costs nothing else. On a
 * terminal one line, redrawn and in the end removed; anywhere else lines that grow rare. What takes less than a second
 * and a half goes by in silence. */
#ifndef PICKY_WAITING_H
#define PICKY_WAITING_H

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>

enum { WAITING_TEXT_MAX = 160 };

/* Writes what is to be said, after so many seconds: in the thread. */
typedef void (*waiting_text)(void *context, double elapsed_s, char text[WAITING_TEXT_MAX]);

struct waiting_watch {
    FILE *stream; /* borrowed, as the context */
    waiting_text text;
    void *context;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t end;
    bool is_over, has_thread;
};

void waiting_start(struct waiting_watch *watch, FILE *stream, waiting_text text, void *context);
void waiting_end(struct waiting_watch *watch); /* nothing is said after that */

/* A text: context is what is done, "measuring models". */
void waiting_text_elapsed(void *context, double elapsed_s, char text[WAITING_TEXT_MAX]);

#endif
