# Run by the container `certificates` of deploy/compose.tls.yml, as root: gives each container the certificate of its own
# process, in a volume that only that container has, readable by its user alone. A second run replaces them.
set -eu
for target in /to/*; do
  name=$(basename "$target")
  case "$name" in
    database) owner=postgres:postgres ;;
    nats) owner=0:0 ;;
    *) owner=10001:10001 ;;
  esac
  for file in ca.crt tls.key tls.crt; do
    cp "/from/$name/$file" "$target/.$file"
    chmod 0400 "$target/.$file"
    chown "$owner" "$target/.$file"
    mv "$target/.$file" "$target/$file"
  done
  chown "$owner" "$target"
  chmod 0500 "$target"
done
echo "Certificates are in place."
