"""
Prints the packets that nft's `log group 1` tells of in this network namespace, a line each: the time in seconds, the rule's
prefix, and the beginning of the packet in hexadecimal. Prints `ready` first, and `lost` when the kernel had to drop some.

Python, because Node has no netlink sockets. Source: the kernel's include/uapi/linux/netfilter/nfnetlink_log.h.
"""

import errno
import socket
import struct
import sys
import time

NETLINK_NETFILTER = 12
GROUP = 1
CONFIG, PACKET = 0x401, 0x400  # NFNL_SUBSYS_ULOG with NFULNL_MSG_CONFIG and NFULNL_MSG_PACKET
ERROR = 2  # NLMSG_ERROR, which also acknowledges
REQUEST_ACKNOWLEDGED = 5  # NLM_F_REQUEST | NLM_F_ACK
HEADERS = 20  # struct nlmsghdr and struct nfgenmsg
PAYLOAD, PREFIX = 9, 10  # NFULA_PAYLOAD, NFULA_PREFIX


def attribute(kind, value):
    return struct.pack("=HH", 4 + len(value), kind) + value + b"\0" * (-len(value) % 4)


def attributes(message):
    offset = HEADERS
    while offset + 4 <= len(message):
        length, kind = struct.unpack_from("=HH", message, offset)
        yield kind & 0x3FFF, message[offset + 4 : offset + length]
        offset += (length + 3) & ~3


def messages(data):
    offset = 0
    while offset + 16 <= len(data):
        length, kind = struct.unpack_from("=IH", data, offset)
        yield kind, data[offset : offset + length]
        offset += (length + 3) & ~3


def bind(netlink):
    # NFULA_CFG_CMD with NFULNL_CFG_CMD_BIND; NFULA_CFG_MODE with NFULNL_COPY_PACKET, of which the rules limit the size.
    body = attribute(1, b"\1") + attribute(2, struct.pack(">IBB", 0xFFFF, 2, 0))
    generic = struct.pack(">BBH", 0, 0, GROUP)
    length = HEADERS + len(body)
    netlink.send(struct.pack("=IHHII", length, CONFIG, REQUEST_ACKNOWLEDGED, 1, 0) + generic + body)
    for kind, message in messages(netlink.recv(65536)):
        code = struct.unpack_from("=i", message, 16)[0] if kind == ERROR else 0
        if code != 0:
            raise OSError(-code, "the kernel does not log packets")


def main():
    netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
    netlink.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    netlink.bind((0, 0))
    bind(netlink)
    lines = ["ready"]
    while True:
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()
        lines = []
        while not lines:
            try:
                data = netlink.recv(65536)
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                lines.append("lost")
                continue
            for kind, message in messages(data):
                if kind == PACKET:
                    found = dict(attributes(message))
                    prefix = found[PREFIX].rstrip(b"\0").decode()
                    lines.append(f"{time.time():.6f} {prefix} {found[PAYLOAD].hex()}")


main()
