# Run once by the PostgreSQL image, on an empty volume. The service gets a role that owns its database and
# is no superuser; the superuser then loses its password, so that nobody can come in as it over the network.
# The values are set inside psql, so that no password shows in a list of processes.
psql -v ON_ERROR_STOP=1 -qX -U "$POSTGRES_USER" -d "$POSTGRES_DB" <<'SQL'
\getenv service POSTGRES_DB
\getenv secret POSTGRES_PASSWORD
create role :"service" login password :'secret';
alter database :"service" owner to :"service";
revoke connect, temporary on database :"service" from public;
alter role current_user password null;
SQL
