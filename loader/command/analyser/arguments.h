/* How the command calls the analyser: argv[1], and what argv[2] then is. */
#ifndef ENDORUN_ANALYSER_ARGUMENTS_H
#define ENDORUN_ANALYSER_ARGUMENTS_H

#define ANALYSER_TEXT "--analyze"       /* the file to report on */
#define ANALYSER_JSON "--analyze-json"  /* the same */
#define ANALYSER_PLAN "--internal-plan" /* the cache directory, or nothing */

/* With ANALYSER_PLAN. */
#define ANALYSER_FILE_FD 3
#define ANALYSER_PLAN_FD 4

#endif
