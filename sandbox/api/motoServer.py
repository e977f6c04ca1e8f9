"""
moto's server with one addition: security group rules may reference groups of other accounts by group and owner ID. The
gateway has already checked that the group exists and that its VPC is a peer.
"""

from threading import Thread

from moto.server import main


def take_foreign_groups():
    # Imported in a thread, because it takes a second; the server would import it on the first EC2 call.
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
