// Makes the demo user through the gateway on the host that the first argument names, and ends. A
// production has no demo user.
import { orExit, readEnvironment } from '#lib/config/environment.ts';
import { seedDemoUser } from '../start/demo-user.ts';

const { PURSER_ENV: environment, PURSER_GATEWAY_PORT: port } = orExit(() =>
  readEnvironment('gateway'),
);
if (environment === 'production') {
  console.log('No demo user in production.');
} else {
  await seedDemoUser({ host: process.argv[2] ?? '127.0.0.1', port });
  console.log('The user demo has an account.');
}
