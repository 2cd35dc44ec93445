/* Prints its arguments and what the kernel says of them; serves as the interpreter of scripts. */
#include <stdio.h>
#include <sys/auxv.h>

int main(int argc, char **argv)
{
    for (int n = 0; n < argc; n++)
        printf("%d <%s>\n", n, argv[n]);
    printf("AT_EXECFN <%s>\n", (const char *)getauxval(AT_EXECFN));
    return 4;
}
