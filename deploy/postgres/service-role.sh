# Run once by the PostgreSQL image, on an empty volume. Makes the roles of docs/deployment.md: one that owns
# the database, for migrations; one for the running service, which owns nothing; one for audits and one for
# operations. The superuser then loses its password, so that nobody can come in as it over the network.
# The values are set inside psql, so that no password shows in a list of processes.
psql -v ON_ERROR_STOP=1 -qX -U "$POSTGRES_USER" -d "$POSTGRES_DB" <<'SQL'
\getenv service POSTGRES_DB
\getenv secret POSTGRES_PASSWORD
\getenv owner_secret OWNER_PASSWORD
\getenv auditor_secret AUDITOR_PASSWORD
\getenv operations_secret OPERATIONS_PASSWORD
\set owner :service _owner
create role :"owner" login password :'owner_secret';
create role :"service" login password :'secret';
create role auditor login password :'auditor_secret';
create role operations login password :'operations_secret';
alter database :"service" owner to :"owner";
revoke all on database :"service" from public;
grant connect on database :"service" to :"service", auditor, operations;
alter role current_user password null;
SQL
