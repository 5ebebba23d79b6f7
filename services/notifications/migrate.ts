import { orExit, readEnvironment } from '#lib/config/environment.ts';
import { migrate } from '#lib/pg/migrate.ts';
import { migrations } from './schema/migrations.ts';
import { rights } from './schema/rights.ts';

const config = orExit(() => readEnvironment('notifications-migrate'));
await migrate(config.PURSER_NOTIFICATIONS_MIGRATION_DATABASE_URL, migrations, rights);
