import { orExit, readEnvironment } from '#lib/config/environment.ts';
import { migrate } from '#lib/pg/migrate.ts';
import { migrations } from './schema/migrations.ts';

const config = orExit(() => readEnvironment('notifications'));
await migrate(config.PURSER_NOTIFICATIONS_DATABASE_URL, migrations);
