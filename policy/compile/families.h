/* Address families by name: those of the kernel's headers, in lower case and without AF_. */
#ifndef ENDORUN_POLICY_FAMILIES_H
#define ENDORUN_POLICY_FAMILIES_H

/* Negative: no such family. */
int family_number(const char *name);

/* NULL: no such family. */
const char *family_name(int family);

const char *family_nearest(const char *name);

#endif
