import { orExit, readEnvironment } from '#lib/config/environment.ts';
import { migrate } from '#lib/pg/migrate.ts';
import { migrations } from './schema/migrations.ts';

const config = orExit(() => readEnvironment('payments'));
await migrate(config.PURSER_PAYMENTS_DATABASE_URL, migrations);
