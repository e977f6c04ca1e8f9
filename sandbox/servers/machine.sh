#!/bin/sh
# The first process of an instance, in mount, host name, process and network namespaces of its own: puts together the root
# file system, boots, and serves SSH. It stays to reap the instance's orphans. The disk (everything but
# the programs in /usr, which are the machine's own) outlives a stop and a start.
#
# Takes: the instance's folder, its host name, its public key (may be empty); the SSH server's command line follows.
set -eu
dir=$1 name=$2 key=$3
shift 3
image=$(dirname "$0")/image
root=$dir/root

if [ ! -d "$root" ]; then
    mkdir -p "$dir/upper" "$dir/work" "$root/usr" "$root/dev" "$root/proc" "$root/sys" "$root/run" "$root/srv" "$root/opt" \
        "$root/etc" "$root/home/ec2-user/.ssh" "$root/var/log" "$root/var/lib/cloud/instance" "$root/var/tmp"
    mkdir -m 1777 "$root/tmp"
    mkdir -m 700 "$root/root"
    ln -s ../run "$root/var/run"
    # What the machine's own programs need of /etc, and nothing private.
    for file in alternatives ld.so.cache ld.so.conf ld.so.conf.d protocols services; do
        if [ -e "/etc/$file" ]; then cp -R -P "/etc/$file" "$root/etc/"; fi
    done
    cp -R -P "$image/etc/." "$root/etc/"
    cp -R -P "$image/usr/." "$dir/upper/"
    # Without root, the machine's own folders are read-only in the overlay; those that also exist in its upper layer are not.
    for folder in lib/systemd/system libexec local/bin local/lib local/sbin local/share; do mkdir -p "$dir/upper/$folder"; done
    : > "$dir/upper/share/lab/node"
    echo "$name" > "$root/etc/hostname"
    echo "127.0.1.1 $name" >> "$root/etc/hosts"
    cp "$dir/resolv.conf" "$root/etc/resolv.conf"
    cp "$dir/user-data" "$root/var/lib/cloud/instance/user-data.txt"
    if [ -n "$key" ]; then echo "$key" > "$root/home/ec2-user/.ssh/authorized_keys"; fi
    # /bin and the like: links on most machines, folders of their own on old ones.
    for path in /bin /sbin /lib /lib32 /lib64 /libx32; do
        if [ -L "$path" ]; then
            cp -P "$path" "$root$path"
        elif [ -d "$path" ]; then
            mkdir "$root$path"
        fi
    done
fi

hostname "$(cat "$root/etc/hostname")"
mount -t overlay overlay -o "lowerdir=/usr,upperdir=$dir/upper,workdir=$dir/work" "$root/usr"
mount --bind "$(readlink -f "$LAB_NODE")" "$root/usr/share/lab/node"
for path in /bin /sbin /lib /lib32 /lib64 /libx32; do
    if [ -d "$root$path" ] && [ ! -L "$root$path" ]; then mount --rbind "$path" "$root$path"; fi
done
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for device in null zero full random urandom tty; do
    : > "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/pts"
mkdir -m 1777 "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
for fd in 0:stdin 1:stdout 2:stderr; do ln -s "/proc/self/fd/${fd%:*}" "$root/dev/${fd#*:}"; done

# As on AWS, SSH may answer before the user data is through.
chroot "$root" /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin LANG=C.UTF-8 /usr/share/lab/boot &
"$@" "$root"
exit $?
