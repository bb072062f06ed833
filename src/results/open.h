/* Making, opening and closing results files. */
#ifndef PICKY_RESULTS_OPEN_H
#define PICKY_RESULTS_OPEN_H

#include "description.h"
#include "results.h"

#include <stdio.h>

/* Creates the file, with every slot pending; it must not exist. It has the shape of the whole sweep also if it is for a
 * shard of it (0/0: it is not); what it says of jobs, done, pending or counted, is then of the shard's. Does nothing to
 * an existing file (ERROR_INPUT). ERROR_INPUT also for a path that cannot be written, for one that another run is about
 * to create and for a size that the filesystem cannot hold; ERROR_FATAL for failing I/O and memory. On error no file is
 * left behind. Warns on stderr if the filesystem has no locks. The caller owns *results (results_close). */
enum error_code results_create(struct results **results, const char *path,
                               const struct results_description *description, struct error *error);

/* Opens an existing file to go on with it: what is done in it stays, and only pending slots can be put. The file must
 * hold the description's sweep: hyperparameters of every configuration, replicates, seed, store (name, text, swept and
 * provenance may differ). ERROR_INPUT, the file untouched, for a file that cannot be opened, that another run is
 * writing, that is not picky's, is of a newer schema, is damaged or truncated, or holds another sweep; then each
 * difference is a line on `lines` (borrowed), "picky: FILE: KEY: OLD in the file, NEW in the sweep", at most 20 and how
 * many more there are. ERROR_INPUT also for another shard than the file's (0/0: the file's own, whichever).
 * ERROR_FATAL for memory and failing reads. Warns as results_create does. The caller owns *results. */
enum error_code results_open(struct results **results, const char *path, const struct results_description *description,
                             FILE *lines, struct error *error);

/* Makes a file that is to be filled at once with what other files hold: as results_create, but its name, which another
 * file may have if `replaces`, is given to it by results_publish. Until then it is FILE.picky-draft, which
 * results_close removes and which, if it was left by a killed process, the next one takes over. */
enum error_code results_draft(struct results **results, const char *path, bool replaces,
                              const struct results_description *description, struct error *error);

/* Writes all that has been put and gives a draft its name, durably, in place of the file that has it if it replaces.
 * From then on it is as if results_create had made it. On error (ERROR_INPUT: the name has been taken; ERROR_FATAL) the
 * draft is gone, and a file that it was to replace is as it was (but for a failing sync of the directory after it was
 * replaced). */
enum error_code results_publish(struct results *results, struct error *error);

/* The layout of the records that results_put takes: the description's, but for what an older file lacks. Owned by
 * `results`. */
const struct record_layout *results_layout(const struct results *results);

/* The part of the sweep that the file is for; 1/1: all of it. */
struct shard results_shard(const struct results *results);

/* Makes slots pending again that have one of the statuses in the set (bit 1 << enum job_status), durably. *n becomes
 * their number. Before anything is put. ERROR_FATAL as for results_put. */
enum error_code results_retry(struct results *results, unsigned statuses, uint64_t *n, struct error *error);

/* Syncs and closes; releases *results even on error. NULL is allowed. */
enum error_code results_close(struct results *results, struct error *error);

#endif
