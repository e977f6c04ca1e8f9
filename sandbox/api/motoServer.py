"""
moto's server, with one thing added: rules of a security group may name groups of other accounts, whose owner is given with
them. Whether there is such a group, and whether its VPC is a peer, the gateway has looked at before.
"""

from threading import Thread

from moto.server import main


def take_foreign_groups():
    # Takes a second to load, which the server does not wait for: it would load it with the first call of EC2.
    from moto.ec2.models.security_groups import SecurityGroupBackend

    add_own = SecurityGroupBackend._add_source_group

    def add(self, source_groups, vpc_id):
        groups = source_groups or []
        foreign = [group for group in groups if group.get("UserId", self.account_id) != self.account_id]
        own = [group for group in groups if group not in foreign]
        return add_own(self, own, vpc_id) + [{**group, "OwnerId": group["UserId"]} for group in foreign]

    SecurityGroupBackend._add_source_group = add


Thread(target=take_foreign_groups, daemon=True).start()
main()
