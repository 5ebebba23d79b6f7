import { orExit, readEnvironment } from '#lib/config/environment.ts';
import { migrate } from '#lib/pg/migrate.ts';
import { openTlsFolder } from '#lib/tls/open-tls-folder.ts';
import { migrations } from './schema/migrations.ts';
import { rights } from './schema/rights.ts';

const config = orExit(() => readEnvironment('notifications-migrate'));
const tls = openTlsFolder(config.PURSER_TLS_FOLDER);
await migrate(config.PURSER_NOTIFICATIONS_MIGRATION_DATABASE_URL, migrations, rights, tls);
