/* Runs a fuzz target once over each file: fuzz_..._replay FILE... */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    static uint8_t data[1 << 20];
    int n = 0;
    for (int i = 1; i < argc; i++) {
        FILE *file = fopen(argv[i], "rb");
        if (!file) {
            perror(argv[i]);
            return EXIT_FAILURE;
        }
        size_t size = fread(data, 1, sizeof data, file);
        fclose(file);
        /* On the heap and of the exact size, so that a sanitizer sees what reads past it. */
        uint8_t *copy = malloc(size + 1);
        if (!copy)
            return EXIT_FAILURE;
        for (size_t k = 0; k < size; k++)
            copy[k] = data[k];
        fprintf(stderr, "%s\n", argv[i]);
        LLVMFuzzerTestOneInput(copy, size);
        free(copy);
        n++;
    }
    printf("%d inputs\n", n);
    return n > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
