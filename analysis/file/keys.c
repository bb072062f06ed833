#include "keys.h"

enum error_code key_find(const struct hyperparameter **key, const char *option, const char *value, const char *name,
                         struct error *error)
{
    *key = hyperparameter_find(name);
    if (*key)
        return ERROR_NONE;
    return error_set(error, ERROR_INPUT, "--%s %s: there is no hyperparameter \"%s\"%s", option, value, name,
                     hyperparameter_hint_or_names(name).words);
}
