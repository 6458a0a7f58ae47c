# Debian packages of one script each, in an archive of their own.
set -eu
mkdir -p /srv/debian
cd /srv/debian

# package NAME FIELDS SCRIPT
package() {
  mkdir -p build/DEBIAN build/usr/bin
  printf '#!/bin/sh\n%s\n' "$3" > "build/usr/bin/$1"
  chmod 0755 "build/usr/bin/$1"
  printf 'Package: %s\nVersion: 1.0\nArchitecture: all\nMaintainer: nobody <nobody@example.org>\n' "$1" \
    > build/DEBIAN/control
  printf 'Description: stand-in\n%b' "$2" >> build/DEBIAN/control
  dpkg-deb --build --root-owner-group build "$1.deb" > /dev/null
  cat build/DEBIAN/control >> Packages
  printf 'Filename: ./%s.deb\nSize: %s\nSHA256: %s\n\n' "$1" "$(stat -c %s "$1.deb")" \
    "$(sha256sum "$1.deb" | cut -d ' ' -f 1)" >> Packages
  rm -r build
}

for name in jq wget unzip make gcc g++ libc6-dev build-essential libpq5 libffi-dev libssl-dev pkg-config \
  tini procps postgresql-client nginx supervisor cron gosu fonts-dejavu-core libjpeg62-turbo sqlite3 rsync; do
  package "$name" '' "echo $name \"\$@\""
done
package curl 'Recommends: publicsuffix\n' 'echo curl "$@"'
package publicsuffix '' 'echo publicsuffix'
package libpq-dev 'Depends: libpq5\n' 'echo libpq-dev'
package git '' 'cat .git/HEAD'
package sudo '' '[ "$1" = -u ] && { user=$2; shift 2; exec setpriv --reuid "$user" --clear-groups env "$@"; }; exec env "$@"'

rm -f /etc/apt/sources.list.d/*
echo 'deb [trusted=yes] copy:/srv/debian ./' > /etc/apt/sources.list
