#include "common/table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const values[] = { "acc", "flops" };
    struct table *table;
    struct errmsg err;

    if (table_read((const char *)data, size, "fuzz.csv", "a,b", values, 2, &table, &err) == 0) {
        table_find(table, "1,2");
        table_free(table);
    }
    return 0;
}
