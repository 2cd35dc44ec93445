// The library of exceptions.cc: exceptions that cross its border in both directions.
#include <stdexcept>
#include <string>

void call_back(void (*function)(int), int depth)
{
    std::string alive(100, 'x'); // has to be destroyed while unwinding
    if (depth > 0)
        call_back(function, depth - 1);
    else
        function(static_cast<int>(alive.size()));
}

void throw_from_library(int value)
{
    throw std::runtime_error("from the library: " + std::to_string(value));
}
