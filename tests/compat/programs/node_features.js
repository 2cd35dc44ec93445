// Workers, children, files, network and crypto of node. Prints nothing that varies.
'use strict';
const assert = require('assert');
const childProcess = require('child_process');
const cluster = require('cluster');
const crypto = require('crypto');
const fs = require('fs');
const http = require('http');
const net = require('net');
const os = require('os');
const path = require('path');
const util = require('util');
const zlib = require('zlib');
const { once } = require('events');
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');

async function workers() {
    const shared = new SharedArrayBuffer(8);
    const view = new Int32Array(shared);
    const answers = await Promise.all([...Array(4).keys()].map(async (n) => {
        const worker = new Worker(__filename, { workerData: { n, shared } });
        const [[message], [code]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')]);
        return `${message}/${code}`;
    }));
    console.log(answers.join(' '), Atomics.load(view, 0));
    const endless = new Worker('for (;;);', { eval: true });
    await once(endless, 'online');
    console.log('terminated', await endless.terminate());
    const failing = new Worker('throw new Error("in the worker")', { eval: true });
    const [error] = await once(failing, 'error');
    console.log(error.message);
}

function inWorker() {
    const view = new Int32Array(workerData.shared);
    let sum = 0;
    for (let i = 0; i < 100000; i++) {
        Atomics.add(view, 0, 1);
        sum = (sum + i * workerData.n) % 1000003;
    }
    parentPort.postMessage(sum);
    process.exitCode = workerData.n;
}

async function children() {
    const exec = util.promisify(childProcess.exec);
    console.log((await exec('echo $((6 * 7)) | tr 4 x')).stdout.trim());
    console.log(await exec('exit 3').catch((error) => error.code));
    const cat = childProcess.spawn('cat');
    const big = crypto.randomBytes(1 << 20);
    const parts = [];
    cat.stdout.on('data', (part) => parts.push(part));
    cat.stdin.end(big);
    console.log((await once(cat, 'close')).join(), Buffer.concat(parts).equals(big));
    const sleeper = childProcess.spawn('sleep', ['30']);
    sleeper.kill('SIGINT');
    console.log((await once(sleeper, 'exit')).join());
    const [missing] = await once(childProcess.spawn('no-such-program-here'), 'error');
    console.log(missing.code);
    console.log(childProcess.spawnSync('sh', ['-c', 'cat; exit 4'], { input: 'sync' }).stdout.toString(),
        childProcess.execFileSync('seq', ['3'], { encoding: 'utf8' }).split('\n').join());
    const many = await Promise.all([...Array(30).keys()].map((n) => exec(`echo ${n}`)));
    console.log(many.map((result) => Number(result.stdout)).reduce((a, b) => a + b));
    const forked = childProcess.fork(__filename, ['ipc']);
    forked.send({ square: 12 });
    const [answer] = await once(forked, 'message');
    const exit = once(forked, 'exit');
    forked.disconnect();
    console.log(answer, (await exit)[0]);
}

async function clusters() {
    cluster.setupPrimary({ exec: __filename, args: ['cluster'] });
    const members = [cluster.fork(), cluster.fork()];
    const [[address]] = await Promise.all(members.map((member) => once(member, 'listening')));
    const seen = new Set();
    for (let n = 0; n < 8; n++) seen.add(await get(`http://127.0.0.1:${address.port}/`));
    console.log('members that answered:', seen.size);
    const exits = members.map((member) => once(member, 'exit'));
    members.forEach((member) => member.disconnect());
    await Promise.all(exits);
}

function get(url) {
    return new Promise((resolve, reject) => {
        http.get(url, { agent: false }, (response) => {
            let body = '';
            response.on('data', (part) => { body += part; });
            response.on('end', () => resolve(body));
        }).on('error', reject);
    });
}

async function files() {
    const folder = await fs.promises.mkdtemp(path.join(os.tmpdir(), 'node-'));
    const inside = (name) => path.join(folder, name);
    await Promise.all([...Array(100).keys()].map((n) => fs.promises.writeFile(inside(`f${n}`), `content ${n}`)));
    const names = await fs.promises.readdir(folder);
    const sizes = await Promise.all(names.map(async (name) => (await fs.promises.stat(inside(name))).size));
    console.log(names.length, sizes.reduce((a, b) => a + b));
    const watcher = fs.watch(folder);
    const change = once(watcher, 'change');
    fs.writeFileSync(inside('watched'), 'x');
    console.log((await change)[1]);
    watcher.close();
    const stream = fs.createWriteStream(inside('stream'));
    for (let n = 0; n < 5000; n++) if (!stream.write(`${n}\n`)) await once(stream, 'drain');
    stream.end();
    await once(stream, 'finish');
    const hash = crypto.createHash('sha256');
    for await (const part of fs.createReadStream(inside('stream')).pipe(zlib.createGzip()).pipe(zlib.createGunzip())) hash.update(part);
    console.log(hash.digest('hex'));
    console.log(await fs.promises.open('/no/such/file').catch((error) => error.code));
    await fs.promises.rm(folder, { recursive: true });
}

async function network() {
    const server = http.createServer((request, response) => {
        const hash = crypto.createHash('md5');
        request.on('data', (part) => hash.update(part));
        request.on('end', () => response.end(`${request.method} ${hash.digest('hex')}`));
    });
    server.keepAliveTimeout = 0; // none is closed for being idle: it might just have been asked again
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address();
    const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
    const post = (size) => new Promise((resolve, reject) => {
        const request = http.request({ port, host: '127.0.0.1', method: 'POST', agent }, (response) => {
            response.setEncoding('utf8');
            let body = '';
            response.on('data', (part) => { body += part; });
            response.on('end', () => resolve(body));
        });
        request.on('error', reject);
        request.end('y'.repeat(size));
    });
    const answers = await Promise.all([...Array(60).keys()].map((n) => post(n * 1000)));
    console.log(crypto.createHash('sha1').update(answers.join()).digest('hex'));
    agent.destroy();
    server.close();
    const local = path.join(os.tmpdir(), 'node.socket');
    const echo = net.createServer((socket) => socket.pipe(socket)).listen(local);
    await once(echo, 'listening');
    const client = net.connect(local);
    client.write('over a unix socket');
    console.log(String((await once(client, 'data'))[0]));
    client.end();
    echo.close();
}

async function cryptography() {
    const key = await util.promisify(crypto.scrypt)('password', 'salt', 32);
    const cipher = crypto.createCipheriv('aes-256-gcm', key, Buffer.alloc(12));
    const sealed = Buffer.concat([cipher.update('secret'), cipher.final(), cipher.getAuthTag()]);
    console.log(sealed.toString('hex'));
    const hashes = await Promise.all([...Array(8).keys()].map((n) => util.promisify(crypto.pbkdf2)('p', `s${n}`, 5000, 16, 'sha256')));
    console.log(Buffer.concat(hashes).toString('hex').slice(0, 64));
    const pair = await util.promisify(crypto.generateKeyPair)('ec', { namedCurve: 'P-256' });
    const signature = crypto.sign('sha256', Buffer.from('text'), pair.privateKey);
    console.log(crypto.verify('sha256', Buffer.from('text'), pair.publicKey, signature));
}

async function signals() {
    let count = 0;
    process.on('SIGUSR2', () => { count++; });
    // A handler alone does not keep the event loop going, and the child may end before its signal is seen.
    const alive = setInterval(() => {}, 1000);
    for (let n = 0; n < 5; n++) {
        const wait = once(process, 'SIGUSR2');
        childProcess.spawn('sh', ['-c', `kill -USR2 ${process.pid}`]);
        await wait;
    }
    clearInterval(alive);
    console.log('signals', count);
}

if (!isMainThread) {
    inWorker();
} else if (process.argv[2] === 'ipc') {
    process.on('message', ({ square }) => process.send(square * square));
} else if (process.argv[2] === 'cluster') {
    http.createServer((_, response) => response.end(String(process.pid))).listen(0, '127.0.0.1');
} else {
    (async () => {
        for (const part of [workers, children, clusters, files, network, cryptography, signals]) {
            console.log(`== ${part.name}`);
            await part();
        }
        assert.strictEqual(process.listenerCount('SIGUSR2'), 1);
        process.exitCode = 5;
    })();
}
