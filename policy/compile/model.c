#include "model.h"

#include "arena.h"

#include <stdlib.h>

void policy_model_release(struct policy_model *model)
{
    if (model->memory != NULL)
        arena_release(model->memory);
    free(model->memory);
    *model = (struct policy_model){0};
}
