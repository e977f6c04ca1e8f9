"""
moto's server with three changes. Security group rules may reference groups of other accounts by group and owner ID; the
gateway has already checked that the group exists and that its VPC is a peer. Network ACL entries keep their ICMP type and
code. A new network ACL has the entries that deny what no other entry matches.
"""

from threading import Thread

from moto.server import main


def take_foreign_groups():
    from moto.ec2.models.security_groups import SecurityGroupBackend

    add_own = SecurityGroupBackend._add_source_group

    def add(self, source_groups, vpc_id):
        groups = source_groups or []
        foreign = [group for group in groups if group.get("UserId", self.account_id) != self.account_id]
        own = [group for group in groups if group not in foreign]
        return add_own(self, own, vpc_id) + [{**group, "OwnerId": group["UserId"]} for group in foreign]

    SecurityGroupBackend._add_source_group = add


def keep_icmp_types():
    from moto.ec2.responses.network_acls import NetworkACLs

    get = NetworkACLs._get_param

    def get_parameter(self, name, *default, **defaults):
        # moto's parser has renamed the parameter, as the SDKs do.
        return get(self, name.replace("Icmp.", "IcmpTypeCode."), *default, **defaults)

    NetworkACLs._get_param = get_parameter


def deny_by_default():
    from moto.ec2.models.network_acls import NetworkAclBackend, NetworkAclEntry

    create = NetworkAclBackend.create_network_acl

    def create_with_entries(self, vpc_id, tags=None, default=False):
        acl = create(self, vpc_id, tags=tags, default=default)
        if not default:
            # In the order of the constructor's arguments, which follow the direction: block, ICMP code and type, ports, IPv6 block.
            rest = ("0.0.0.0/0", None, None, None, None, None)
            acl.network_acl_entries += [
                NetworkAclEntry(self, acl.id, 32767, "-1", "deny", egress, *rest) for egress in (True, False)
            ]
        return acl

    NetworkAclBackend.create_network_acl = create_with_entries


def change_moto():
    # In a thread, because the imports take a second; the server would import the same on the first EC2 call.
    take_foreign_groups()
    keep_icmp_types()
    deny_by_default()


Thread(target=change_moto, daemon=True).start()
main()
