// toml++ behind toml.h: its tables keep their keys sorted, and its columns count characters.
#define TOML_HEADER_ONLY           1
#define TOML_EXCEPTIONS            0
#define TOML_ENABLE_FORMATTERS     0
#define TOML_ENABLE_WINDOWS_COMPAT 0
#define TOML_MAX_NESTED_VALUES     TOML_BRACKETS_MAX

// What toml++ takes for granted is checked in every build: what it goes on with otherwise is
// undefined.
struct broken_assertion {
};
[[noreturn]] static void break_assertion()
{
    throw broken_assertion();
}
#undef NDEBUG
#define TOML_ASSERT(condition) static_cast<void>((condition) || (break_assertion(), false))

#include "toml.h"

#include <algorithm>
#include <new>
#include <string_view>
#include <toml++/toml.h>
#include <vector>

namespace
{

class tree_maker
{
  public:
    tree_maker(arena *memory, std::string_view text) : memory_(memory), text_(text)
    {
        lines_.push_back(0);
        for (size_t i = 0; i < text.size(); i++)
            if (text[i] == '\n')
                lines_.push_back(i + 1);
    }

    toml_position position(toml::source_position at) const
    {
        if (at.line == 0 || at.line > lines_.size())
            return {1, 1};
        size_t start = lines_[at.line - 1], offset = start;
        // toml++ does not count the mark of the byte order, which is invisible to others too.
        if (start == 0 && text_.substr(0, 3) == "\xef\xbb\xbf")
            start = offset = 3;
        for (size_t column = 1; column < at.column && offset < text_.size(); column++)
            do
                offset++;
            while (offset < text_.size() && (text_[offset] & 0xc0) == 0x80);
        return {at.line, static_cast<unsigned>(offset - start + 1)};
    }

    // The recursion is as deep as toml_check_text() has let the text be.
    void fill(toml_node &to, const toml::node &from)
    {
        to.at = position(from.source().begin);
        if (const auto *table = from.as_table())
            fill_table(to, *table);
        else if (const auto *array = from.as_array())
            fill_array(to, *array);
        else if (const auto *string = from.as_string())
            fill_string(to, string->get());
        else if (const auto *integer = from.as_integer())
            to.kind = TOML_KIND_INTEGER, to.integer = integer->get();
        else if (const auto *number = from.as_floating_point())
            to.kind = TOML_KIND_FLOAT, to.number = number->get();
        else if (const auto *boolean = from.as_boolean())
            to.kind = TOML_KIND_BOOLEAN, to.boolean = boolean->get();
        else
            to.kind = TOML_KIND_DATE;
    }

  private:
    using child = std::pair<const toml::key *, const toml::node *>;

    toml_node *make_children(toml_node &to, size_t count)
    {
        auto *nodes =
            static_cast<toml_node *>(arena_allocate_array(memory_, count, sizeof(toml_node)));
        if (nodes == nullptr)
            throw std::bad_alloc();
        to.children = nodes;
        to.child_count = count;
        return nodes;
    }

    const char *copy(std::string_view string)
    {
        const char *copied = arena_copy(memory_, string.data(), string.size());
        if (copied == nullptr)
            throw std::bad_alloc();
        return copied;
    }

    void fill_string(toml_node &to, const std::string &string)
    {
        to.kind = TOML_KIND_STRING;
        to.string = copy(string);
        to.length = string.size();
    }

    void fill_array(toml_node &to, const toml::array &array)
    {
        to.kind = TOML_KIND_ARRAY;
        toml_node *nodes = make_children(to, array.size());
        for (const auto &element : array)
            fill(*nodes++, element);
    }

    void fill_table(toml_node &to, const toml::table &table)
    {
        std::vector<child> children;
        for (auto &&[key, value] : table)
            children.emplace_back(&key, &value);
        std::sort(children.begin(), children.end(), [](const child &a, const child &b) {
            const auto &left = a.first->source().begin, &right = b.first->source().begin;
            return left.line != right.line ? left.line < right.line : left.column < right.column;
        });
        to.kind = TOML_KIND_TABLE;
        toml_node *nodes = make_children(to, children.size());
        for (const auto &[key, value] : children) {
            nodes->key = copy(key->str());
            nodes->key_length = key->str().size();
            nodes->key_at = position(key->source().begin);
            fill(*nodes++, *value);
        }
    }

    arena *memory_;
    std::string_view text_;
    std::vector<size_t> lines_; // where each begins
};

void say(toml_failure *failure, toml_position at, std::string_view what)
{
    const size_t length = std::min(what.size(), sizeof failure->what - 1);
    failure->at = at;
    what.copy(failure->what, length);
    failure->what[length] = '\0';
}

} // namespace

const toml_node *toml_parse(arena *memory, const char *text, size_t size, toml_failure *failure)
try {
    if (!toml_check_text(text, size, failure))
        return nullptr;
    const std::string_view view(text, size);
    tree_maker maker(memory, view);
    const toml::parse_result result = toml::parse(view);
    if (!result) {
        say(failure, maker.position(result.error().source().begin), result.error().description());
        return nullptr;
    }
    auto *root = static_cast<toml_node *>(arena_allocate(memory, sizeof(toml_node)));
    if (root == nullptr)
        throw std::bad_alloc();
    maker.fill(*root, result.table());
    return root;
} catch (const broken_assertion &) {
    say(failure, {1, 1}, "something that toml++ has no words for");
    return nullptr;
} catch (const std::bad_alloc &) {
    say(failure, {1, 1}, "out of memory");
    return nullptr;
}
