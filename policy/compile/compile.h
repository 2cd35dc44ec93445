/*
 * The policy compiler: a model becomes the image that include/endorun/policy.h describes. Hosted.
 * The same model gives the same bytes.
 */
#ifndef ENDORUN_POLICY_COMPILE_H
#define ENDORUN_POLICY_COMPILE_H

#include <stddef.h>

#include "model.h"

#define POLICY_ERROR_SIZE 1024

/* Memory of malloc(), which policy_image_release() gives back. */
struct policy_image {
    void *bytes;
    size_t size;
};

/*
 * Returns 0, or -1 with a line `FILE:LINE:COLUMN: what` (without the first part where no line is to
 * blame) and no image. What is not in the image, because it is not decided on by request, are the
 * sections process, limits, environment and report.
 */
int policy_compile(const struct policy_model *model, struct policy_image *image,
                   char error[POLICY_ERROR_SIZE]);
void policy_image_release(struct policy_image *image);

#endif
