// node_jit.js SHARE: one SHAREth of the loops.
// Keeps every tier of the JIT compiler busy: hot loops, deoptimisation, new code all the time, WebAssembly.
'use strict';
const share = Number(process.argv[2]);

function numeric() {
    const size = 160 / share;
    const a = new Float64Array(size * size).map((_, i) => (i * 7) % 13);
    const b = new Float64Array(size * size).map((_, i) => (i * 5) % 11);
    let trace = 0;
    for (let i = 0; i < size; i++)
        for (let j = 0; j < size; j++) {
            let sum = 0;
            for (let k = 0; k < size; k++) sum += a[i * size + k] * b[k * size + j];
            if (i === j) trace += sum;
        }
    return trace;
}

function deoptimised() {
    const add = (x, y) => x + y;
    let result = 0;
    for (let i = 0; i < 200000 / share; i++) result = add(result, i) % 1000003;
    let text = '';
    for (let i = 0; i < 1000; i++) text = add(text, String(i % 10));
    for (let i = 0; i < 200000 / share; i++) result = add(result, 0.5);
    return `${result} ${text.length}`;
}

function newCode() {
    let sum = 0;
    for (let i = 0; i < 2000 / share; i++) {
        const f = new Function('x', `let s = ${i}; for (let k = 0; k < 200; k++) s = (s * 31 + x + ${i % 17}) | 0; return s;`);
        sum = (sum + f(i)) | 0;
    }
    return sum;
}

function objects() {
    class Shape { area() { return 0; } }
    class Square extends Shape { constructor(s) { super(); this.s = s; } area() { return this.s * this.s; } }
    class Circle extends Shape { constructor(r) { super(); this.r = r; } area() { return 3 * this.r * this.r; } }
    let total = 0;
    for (let i = 0; i < 1e6 / share; i++) total += (i % 2 ? new Square(i % 10) : new Circle(i % 7)).area();
    const map = new Map();
    for (let i = 0; i < 300000 / share; i++) map.set(`key${i % 5003}`, i);
    return `${total} ${map.size} ${JSON.stringify([...map.values()].slice(0, 3))}`;
}

async function webAssembly() {
    // (func (export "fib") (param i32) (result i32)): recursive Fibonacci
    const bytes = Buffer.from('0061736d0100000001060160017f017f0302010007070103666962000' +
        '00a1e011c00200041024804402000' + '0f0b200041016b1000200041026b10006a0b', 'hex');
    const { instance } = await WebAssembly.instantiate(bytes);
    return instance.exports.fib(24);
}

function regularExpressions() {
    let count = 0;
    for (let i = 0; i < 200; i++) {
        const pattern = new RegExp(`(\\d+)[a-${'bcdef'[i % 5]}]+x?${i % 10}`, 'g');
        count += ('12abc3 45d5 678ax9 '.repeat(50).match(pattern) || []).length;
    }
    return count;
}

(async () => {
    console.log(numeric());
    console.log(deoptimised());
    console.log(newCode());
    console.log(objects());
    console.log(await webAssembly());
    console.log(regularExpressions());
})();
