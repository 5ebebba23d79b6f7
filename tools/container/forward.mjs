// Passes TCP connections on, for the profile `debug` of docker-compose.yml. Each argument is
// port:host:port; names are looked up for every connection, so that restarted containers are found.
// With `--check port` it only tries whether the one beside it listens.
import { connect, createServer } from 'node:net';

const [first, ...rest] = process.argv.slice(2);

if (first === '--check') {
  connect(Number(rest[0]), '127.0.0.1')
    .on('connect', () => process.exit(0))
    .on('error', () => process.exit(1));
} else {
  for (const way of [first, ...rest]) forward(...way.split(':'));
  process.on('SIGTERM', () => process.exit(0));
}

function forward(port, host, targetPort) {
  createServer((incoming) => {
    const outgoing = connect({ host, port: Number(targetPort) });
    incoming.pipe(outgoing).pipe(incoming);
    incoming.on('error', () => outgoing.destroy());
    outgoing.on('error', () => incoming.destroy());
  }).listen(Number(port));
}
