"""
moto's server with what its EC2 API lacks: where it accepts a change and ignores a part of it, the change is made in full.
"""

import gc
from copy import deepcopy
from itertools import count
from threading import Thread, local

from moto.server import main


def complete():
    # Imported in a thread, because it takes a second; the server would import it on the first EC2 call.
    from moto.ec2.exceptions import InvalidPermissionDuplicateError
    from moto.ec2.models import ec2_backends, elastic_network_interfaces
    from moto.ec2.models.flow_logs import FlowLogsBackend
    from moto.ec2.models.instances import Instance
    from moto.ec2.models.network_acls import NetworkAclBackend, NetworkAclEntry
    from moto.ec2.models.security_groups import SecurityGroupBackend
    from moto.ec2.models.subnets import SubnetBackend
    from moto.ec2.responses.instances import InstanceResponse
    from moto.ec2.responses.network_acls import NetworkACLs

    add_own = SecurityGroupBackend._add_source_group

    # Security group rules may reference groups of other accounts by group and owner ID. The gateway has already checked that
    # the group exists and that its VPC is a peer.
    def add_source_group(self, source_groups, vpc_id):
        groups = source_groups or []
        foreign = [group for group in groups if group.get("UserId", self.account_id) != self.account_id]
        own = [group for group in groups if group not in foreign]
        return add_own(self, own, vpc_id) + [{**group, "OwnerId": group["UserId"]} for group in foreign]

    modify_rules = SecurityGroupBackend.modify_security_group_rules
    attributes = ["ip_protocol", "from_port", "to_port", "ip_range", "source_group", "prefix_list_id"]

    def owner_of(self, group_id):
        for account_id, regions in ec2_backends.items():
            backend = dict.get(regions, self.region_name)
            if backend is not None and backend.get_security_group_from_id(group_id):
                return account_id
        return self.account_id

    # A rule that references a group or a prefix list may be changed to reference another one, a rule for all protocols has
    # no ports, and no two rules of a group are equal.
    def modify_security_group_rules(self, group_id, rules):
        group = self.get_security_group_by_name_or_id(group_id)
        found = [rule for rule in map(group.get_rule, rules) if rule] if group else []
        before = [(rule, deepcopy([getattr(rule, name) for name in attributes])) for rule in found]
        for changed in rules.values():
            if changed.get("IpProtocol") == "-1":
                changed.update(FromPort=-1, ToPort=-1)
        modify_rules(self, group_id, rules)
        for rule in found:
            referenced = rules[rule.id].get("ReferencedGroupId")
            if referenced is not None:
                owner = owner_of(self, referenced)
                rule.source_group = {"GroupId": referenced, "OwnerId": owner, "UserId": owner}
            if rules[rule.id].get("PrefixListId") is not None:
                rule.prefix_list_id = rules[rule.id]["PrefixListId"]
            if rule.ip_protocol == "-1":
                rule.from_port = rule.to_port = None
        for rule in found:
            others = group.egress_rules if rule.is_egress else group.ingress_rules
            if any(rule == other for other in others if other is not rule):
                for changed, values in before:
                    for name, value in zip(attributes, values):
                        setattr(changed, name, value)
                raise InvalidPermissionDuplicateError()

    parse_mappings = InstanceResponse._parse_block_device_mapping

    # Every instance has a root volume, at the device that its image names. A call may leave out its size, or all of it. moto
    # has it at /dev/sda1, which the aws provider takes for a further volume.
    def parse_block_device_mapping(self):
        image = self.ec2_backend.amis.get(self._get_param("ImageId"))
        device = image.root_device_name if image else "/dev/sda1"
        mappings = self.params.setdefault("BlockDeviceMappings", [])
        root = next((mapping for mapping in mappings if mapping.get("DeviceName") == device), None)
        if root is None:
            root = {"DeviceName": device}
            mappings.insert(0, root)
        volume = root.setdefault("Ebs", {})
        volume.setdefault("DeleteOnTermination", True)
        if "SnapshotId" not in volume:
            volume.setdefault("VolumeSize", 8)
        return parse_mappings(self)

    # The groups of an instance are those of its primary network interface. moto keeps two lists, and leaves the instance's empty
    # when a call names the groups for the interface.
    def security_groups(self):
        nics = getattr(self, "nics", {})
        return nics[0]._group_set if 0 in nics else self._first_groups

    def set_security_groups(self, groups):
        if 0 in getattr(self, "nics", {}):
            self.nics[0]._group_set = groups
        else:
            self._first_groups = groups

    delete = SubnetBackend.delete_subnet

    # A subnet's associations with its route table and its network ACL are deleted with it.
    def delete_subnet(self, subnet_id):
        subnet = delete(self, subnet_id)
        for table in self.route_tables.values():
            for association_id in [id for id, used in table._associations.items() if used == subnet_id]:
                del table._associations[association_id]
        for acl in self.network_acls.values():
            for association_id in [id for id, used in acl._associations.items() if used.subnet_id == subnet_id]:
                del acl._associations[association_id]
        return subnet

    get = NetworkACLs._get_param

    # Network ACL entries keep their ICMP type and code. moto's parser has renamed the parameter, as the SDKs do.
    def get_parameter(self, name, *default, **defaults):
        return get(self, name.replace("Icmp.", "IcmpTypeCode."), *default, **defaults)

    create = NetworkAclBackend.create_network_acl

    # A new network ACL has the entries that deny what no other entry matches. In the order of the constructor's arguments,
    # block, ICMP code and type, ports and IPv6 block follow the direction.
    def create_network_acl(self, vpc_id, tags=None, default=False):
        acl = create(self, vpc_id, tags=tags, default=default)
        if not default:
            rest = ("0.0.0.0/0", None, None, None, None, None)
            for egress in (True, False):
                acl.network_acl_entries.append(NetworkAclEntry(self, acl.id, 32767, "-1", "deny", egress, *rest))
        return acl

    create_logs = FlowLogsBackend.create_flow_logs
    describe_logs = FlowLogsBackend.describe_flow_logs
    creating = local()

    # A resource may have flow logs for different types of traffic with the same destination. The gateway has already checked
    # that there is none for the same type, so the check in here finds nothing.
    def create_flow_logs(self, *args, **kwargs):
        creating.now = True
        try:
            return create_logs(self, *args, **kwargs)
        finally:
            creating.now = False

    def describe_flow_logs(self, *args, **kwargs):
        return [] if getattr(creating, "now", False) else describe_logs(self, *args, **kwargs)

    numbers = count()

    # moto draws public addresses at random, and in one run of hundreds two servers got the same one.
    def random_public_ip():
        number = next(numbers)
        return f"54.214.{number // 254 % 256}.{number % 254 + 1}"

    elastic_network_interfaces.random_public_ip = random_public_ip
    SecurityGroupBackend._add_source_group = add_source_group
    SecurityGroupBackend.modify_security_group_rules = modify_security_group_rules
    InstanceResponse._parse_block_device_mapping = parse_block_device_mapping
    Instance.security_groups = property(security_groups, set_security_groups)
    elastic_network_interfaces.NetworkInterface.group_set = property(lambda self: self._group_set)
    SubnetBackend.delete_subnet = delete_subnet
    NetworkACLs._get_param = get_parameter
    NetworkAclBackend.create_network_acl = create_network_acl
    FlowLogsBackend.create_flow_logs = create_flow_logs
    FlowLogsBackend.describe_flow_logs = describe_flow_logs
    # What was made until now stays until the end.
    gc.freeze()
    gc.enable()


# The imports make millions of objects and no garbage: without the collector they take half the time.
gc.disable()
Thread(target=complete, daemon=True).start()
main()
