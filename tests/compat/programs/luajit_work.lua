-- luajit_work.lua SHARE: hot loops that become machine code, and C functions called from it; one SHAREth of them.
local ffi = require 'ffi'
local bit = require 'bit'
io.stdout:setvbuf('no')
local share = tonumber(arg[1])

ffi.cdef [[
    int getpid(void);
    long syscall(long number, ...);
    int fork(void);
    int waitpid(int pid, int *status, int options);
    void _exit(int status);
    int pipe(int fds[2]);
    long read(int fd, void *buffer, size_t size);
    long write(int fd, const void *buffer, size_t size);
    int close(int fd);
    void *mmap(void *address, size_t size, int protection, int flags, int fd, long offset);
    int munmap(void *address, size_t size);
    void qsort(void *base, size_t count, size_t size, int (*compare)(const int *, const int *));
    double sqrt(double x);
]]
local C = ffi.C

local function sieve(limit)
    local composite = ffi.new('bool[?]', limit + 1)
    local count = 0
    for n = 2, limit do
        if not composite[n] then
            count = count + 1
            for k = n * 2, limit, n do composite[k] = true end
        end
    end
    return count
end
print('primes', sieve(500000 / share))

local hash = 0
for i = 1, 3000000 / share do hash = bit.bxor(bit.rol(hash, 5), i) end
print('hash', hash)

local function mandelbrot(size)
    local inside = 0
    for y = 0, size - 1 do
        for x = 0, size - 1 do
            local cr, ci, zr, zi, n = 2 * x / size - 1.5, 2 * y / size - 1, 0, 0, 0
            while zr * zr + zi * zi < 4 and n < 50 do
                zr, zi, n = zr * zr - zi * zi + cr, 2 * zr * zi + ci, n + 1
            end
            if n == 50 then inside = inside + 1 end
        end
    end
    return inside
end
print('inside', mandelbrot(150 / share))

-- System calls out of compiled loops.
local own = C.getpid()
local same = 0
for _ = 1, 50000 / share do
    if C.syscall(39) == own then same = same + 1 end
end
print('getpid', same)

local fds = ffi.new('int[2]')
C.pipe(fds)
local buffer = ffi.new('char[64]')
local moved = 0
for i = 1, 20000 / share do
    C.write(fds[1], 'message', 7)
    moved = moved + tonumber(C.read(fds[0], buffer, 64))
end
print('moved', moved, ffi.string(buffer, 7))
print('errno', C.read(-1, buffer, 1), ffi.errno())

for i = 1, 2000 / share do
    local area = C.mmap(nil, 8192, 3, 0x22, -1, 0)
    ffi.cast('int *', area)[0] = i
    C.munmap(area, 8192)
end

local numbers = ffi.new('int[1000]')
for i = 0, 999 do numbers[i] = (i * 7919) % 1009 end
local compare = ffi.cast('int (*)(const int *, const int *)', function(a, b) return a[0] - b[0] end)
C.qsort(numbers, 1000, 4, compare)
compare:free()
local sorted = true
for i = 1, 999 do sorted = sorted and numbers[i - 1] <= numbers[i] end
print('sorted', sorted)

local status = ffi.new('int[1]')
local right = 0
for n = 1, 30 do
    local pid = C.fork()
    if pid == 0 then
        local sum = 0
        for i = 1, 100000 do sum = (sum + i) % 251 end
        C._exit(n)
    end
    C.waitpid(pid, status, 0)
    if bit.rshift(status[0], 8) == n then right = right + 1 end
end
print('children', right)

local pipe = io.popen('seq 1 5', 'r')
print('popen', (pipe:read('*a'):gsub('\n', ' ')))
pipe:close()
print('execute', os.execute('exit 4'))

local producers = {}
for n = 1, 50 do
    producers[n] = coroutine.wrap(function() for i = 1, 100 do coroutine.yield(n * i) end end)
end
local total = 0
for _ = 1, 100 do for n = 1, 50 do total = total + producers[n]() end end
print('coroutines', total)
print(pcall(function() local t = nil; return t.x end))
os.exit(3)
