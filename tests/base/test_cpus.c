/* CPU quotas of made-up control groups. */
#include "cpus.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static char root[] = "/tmp/picky_cpus_XXXXXX";

static void put(const char *path, const char *text)
{
    char name[512];
    snprintf(name, sizeof name, "%s%s", root, path);
    for (char *slash = name + strlen(root) + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
        *slash = '\0';
        mkdir(name, 0777);
    }
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static int start(void **state)
{
    (void)state;
    strcpy(root, "/tmp/picky_cpus_XXXXXX");
    return mkdtemp(root) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    char command[64];
    snprintf(command, sizeof command, "rm -r %s", root);
    return system(command);
}

static void expect(double quota)
{
    double found = cpus_quota(root);
    if (!(found == quota || fabs(found - quota) < 1e-9))
        fail_msg("%g CPUs, not %g", found, quota);
}

static void version_2(void **state)
{
    (void)state;
    expect(INFINITY); /* nothing known */
    put("/proc/self/cgroup", "0::/job/step\n");
    expect(INFINITY);
    put("/sys/fs/cgroup/job/step/cpu.max", "max 100000\n");
    expect(INFINITY);
    put("/sys/fs/cgroup/job/cpu.max", "250000 100000\n"); /* the one around it */
    expect(2.5);
    put("/sys/fs/cgroup/job/step/cpu.max", "40000 20000\n"); /* the tighter one counts */
    expect(2);
    put("/sys/fs/cgroup/job/step/cpu.max", "800000 100000\n");
    expect(2.5);
    put("/sys/fs/cgroup/cpu.max", "50000 100000\n"); /* a container's own, at the top */
    expect(0.5);
    put("/proc/self/cgroup", "0::/\n");
    expect(0.5);
    put("/sys/fs/cgroup/cpu.max", "nonsense\n");
    expect(INFINITY);
    put("/sys/fs/cgroup/cpu.max", "0 100000\n");
    expect(INFINITY);
}

static void version_1(void **state)
{
    (void)state;
    put("/proc/self/cgroup", "5:cpuset:/set\n4:cpu,cpuacct:/job/step\n3:memory:/job\n0::/\n");
    put("/sys/fs/cgroup/cpu,cpuacct/job/step/cpu.cfs_quota_us", "-1\n");
    put("/sys/fs/cgroup/cpu,cpuacct/job/step/cpu.cfs_period_us", "100000\n");
    expect(INFINITY);
    put("/sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us", "300000\n");
    expect(INFINITY); /* without a period it says nothing */
    put("/sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us", "100000\n");
    expect(3);
    put("/proc/self/cgroup", "4:cpu:/alone\n");
    put("/sys/fs/cgroup/cpu/alone/cpu.cfs_quota_us", "150000\n");
    put("/sys/fs/cgroup/cpu/alone/cpu.cfs_period_us", "100000\n");
    expect(1.5);
    put("/proc/self/cgroup", "4:cpuacct:/alone\n"); /* another controller */
    expect(INFINITY);
}

static void whole_cpus(void **state)
{
    (void)state;
    assert_int_equal(cpus_under_quota(8, INFINITY), 8);
    assert_int_equal(cpus_under_quota(8, 2.5), 2);
    assert_int_equal(cpus_under_quota(8, 1.995), 2); /* as near as makes no difference */
    assert_int_equal(cpus_under_quota(8, 0.2), 1);
    assert_int_equal(cpus_under_quota(2, 16), 2);
    assert_int_equal(cpus_under_quota(0, 4), 0); /* not known */
    assert_in_range(cpus_usable(), 1, cpus_online());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(version_2, start, end),
        cmocka_unit_test_setup_teardown(version_1, start, end),
        cmocka_unit_test(whole_cpus),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
