/* Files that are refused, with what the message says, and what a plan says of its file. */
#include <elf.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analyse_fixture.h"

#define SITE                                                                                       \
    ".globl site\n.type site,@function\nsite:\n.cfi_startproc\nmov $39,%eax\nsyscall\nret\n"       \
    ".cfi_endproc\n.size site,.-site\n"

static struct fixture fixture;

static void teardown(void)
{
    fixture_close(&fixture);
}

static void link_site(void)
{
    fixture_link(&fixture, SITE, "-shared");
}

static void expect_refused(const char *part_of_message)
{
    ck_assert_int_eq(fixture_analyse(&fixture), -1);
    ck_assert_msg(strstr(fixture.error, part_of_message) != NULL, "\"%s\" lacks \"%s\"",
                  fixture.error, part_of_message);
    ck_assert_ptr_null(fixture.analysis.plan);
}

/* Offset in the file of a field of the first program header of that type. */
static uint64_t field_of_segment(uint32_t type, uint32_t flags, size_t field)
{
    Elf64_Ehdr header;

    memcpy(&header, fixture.file, sizeof(header));
    for (unsigned i = 0; i < header.e_phnum; i++) {
        const uint64_t at = header.e_phoff + i * sizeof(Elf64_Phdr);
        Elf64_Phdr segment;

        memcpy(&segment, fixture.file + at, sizeof(segment));
        if (segment.p_type == type && (segment.p_flags & flags) == flags)
            return at + field;
    }
    ck_abort_msg("no such segment");
    return 0;
}

static void alter_text_segment(size_t field, uint64_t value)
{
    fixture_alter(&fixture, field_of_segment(PT_LOAD, PF_X, field), &value, sizeof(value));
}

START_TEST(text_is_refused)
{
    fixture_open(&fixture, "/etc/passwd");
    expect_refused("not an ELF file");
}
END_TEST

START_TEST(directories_are_refused)
{
    const int fd = open("/", O_RDONLY | O_CLOEXEC);

    ck_assert_int_eq(analyse_file(fd, &fixture.analysis, fixture.error), -1);
    ck_assert_ptr_nonnull(strstr(fixture.error, "not a regular file"));
    close(fd);
}
END_TEST

START_TEST(other_classes_are_refused)
{
    const uint8_t class32 = ELFCLASS32;

    link_site();
    fixture_alter(&fixture, EI_CLASS, &class32, 1);
    expect_refused("64-bit");
}
END_TEST

START_TEST(other_machines_are_refused)
{
    const uint16_t machine = EM_AARCH64;

    link_site();
    fixture_alter(&fixture, offsetof(Elf64_Ehdr, e_machine), &machine, sizeof(machine));
    expect_refused("machine 183");
}
END_TEST

START_TEST(relocatable_objects_are_refused)
{
    fixture_link(&fixture, SITE, "-r");
    expect_refused("type 1");
}
END_TEST

START_TEST(odd_program_headers_are_refused)
{
    const uint16_t size = sizeof(Elf64_Phdr) + 1;

    link_site();
    fixture_alter(&fixture, offsetof(Elf64_Ehdr, e_phentsize), &size, sizeof(size));
    expect_refused("e_phentsize");
}
END_TEST

START_TEST(more_bytes_in_the_file_than_in_memory_are_refused)
{
    link_site();
    alter_text_segment(offsetof(Elf64_Phdr, p_memsz), 1);
    expect_refused("p_filesz is greater than p_memsz");
}
END_TEST

START_TEST(segments_that_wrap_are_refused)
{
    link_site();
    alter_text_segment(offsetof(Elf64_Phdr, p_memsz), UINT64_MAX - 1);
    expect_refused("beyond the address space");
}
END_TEST

START_TEST(overlapping_segments_are_refused)
{
    link_site();
    alter_text_segment(offsetof(Elf64_Phdr, p_vaddr), 0);
    expect_refused("overlaps or precedes");
}
END_TEST

START_TEST(segments_behind_the_end_are_refused)
{
    link_site();
    alter_text_segment(offsetof(Elf64_Phdr, p_offset), UINT64_C(1) << 40);
    expect_refused("beyond the file");
}
END_TEST

/* Cut anywhere, a file yields a plan that fits what is left, or a message. */
START_TEST(truncated_files_are_refused)
{
    unsigned refused = 0;

    link_site();
    for (size_t size = fixture.size - 1; size > 0; size -= size < 64 ? 1 : 61) {
        fixture.size = size;
        ck_assert_int_eq(truncate(fixture.path, (off_t)size), 0);
        if (fixture_analyse(&fixture) != 0) {
            refused++;
            ck_assert_str_ne(fixture.error, "");
        }
        analysis_release(&fixture.analysis);
    }
    ck_assert_uint_gt(refused, 70);
}
END_TEST

START_TEST(a_file_without_sites_has_an_empty_plan)
{
    fixture_link(&fixture, ".globl f\n.type f,@function\nf: ret\n.size f,.-f\n", "-shared");
    ck_assert_int_eq(fixture_analyse(&fixture), 0);
    ck_assert_uint_eq(fixture.analysis.plan->site_count, 0);
    ck_assert_uint_eq(fixture.analysis.plan->size, sizeof(struct endorun_plan));
}
END_TEST

START_TEST(a_plan_tells_its_file)
{
    const struct endorun_file_identity *identity;
    struct stat status;

    link_site();
    ck_assert_int_eq(fixture_analyse(&fixture), 0);
    ck_assert_int_eq(stat(fixture.path, &status), 0);
    identity = &fixture.analysis.plan->identity;
    ck_assert_uint_eq(identity->device, status.st_dev);
    ck_assert_uint_eq(identity->inode, status.st_ino);
    ck_assert_uint_eq(identity->size, (uint64_t)status.st_size);
    ck_assert_uint_eq(identity->mtime_ns, (uint64_t)status.st_mtim.tv_sec * 1000000000U +
                                              (uint64_t)status.st_mtim.tv_nsec);
    ck_assert_uint_eq(identity->ctime_ns, (uint64_t)status.st_ctim.tv_sec * 1000000000U +
                                              (uint64_t)status.st_ctim.tv_nsec);
    ck_assert_uint_eq(fixture.analysis.plan->build_id_size, 0);
}
END_TEST

START_TEST(a_plan_tells_the_build_id)
{
    static const uint8_t id[] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};

    fixture_link(&fixture, SITE, "-shared -Wl,--build-id=0x0123456789abcdef");
    ck_assert_int_eq(fixture_analyse(&fixture), 0);
    ck_assert_uint_eq(fixture.analysis.plan->build_id_size, sizeof(id));
    ck_assert_mem_eq(fixture.analysis.plan->build_id, id, sizeof(id));
}
END_TEST

/* The descriptor's position is the caller's. */
START_TEST(the_file_position_stays)
{
    struct analysis analysis;
    int fd;

    link_site();
    fd = open(fixture.path, O_RDONLY | O_CLOEXEC);
    ck_assert_int_eq(lseek(fd, 7, SEEK_SET), 7);
    ck_assert_int_eq(analyse_file(fd, &analysis, fixture.error), 0);
    ck_assert_int_eq(lseek(fd, 0, SEEK_CUR), 7);
    analysis_release(&analysis);
    close(fd);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        text_is_refused,
        directories_are_refused,
        other_classes_are_refused,
        other_machines_are_refused,
        relocatable_objects_are_refused,
        odd_program_headers_are_refused,
        more_bytes_in_the_file_than_in_memory_are_refused,
        segments_that_wrap_are_refused,
        overlapping_segments_are_refused,
        segments_behind_the_end_are_refused,
        truncated_files_are_refused,
        a_file_without_sites_has_an_empty_plan,
        a_plan_tells_its_file,
        a_plan_tells_the_build_id,
        the_file_position_stays,
    };

    return fixture_run("analyse_files", tests, sizeof(tests) / sizeof(tests[0]), teardown);
}
