import { shellQuote } from "../shell";

/**
 * The user data of a web server: a shell script that cloud-init runs as root at the first boot. It works on Amazon Linux
 * 2023 and on Amazon Linux 2: both have hostnamectl and systemctl, and `yum` is `dnf` on the former.
 *
 * Packages are tried five times, for repositories can be slow to answer while a network comes up. The page is written
 * before the server is started, so that every answer is the page.
 *
 * @param hostName host name that the server gives itself.
 * @param page the page at `/`, one line of HTML.
 */
export function webServerUserData(hostName: string, page: string): string {
    return `#!/bin/bash
set -euo pipefail
hostnamectl set-hostname ${shellQuote(hostName)}
for attempt in 1 2 3 4 5; do
    yum install -y tcpdump httpd && break
    sleep 5
done
printf '%s\\n' ${shellQuote(page)} > /var/www/html/index.html
systemctl enable --now httpd
`;
}
