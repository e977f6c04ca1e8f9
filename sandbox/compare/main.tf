# The lab's AWS resources in plain Terraform, without any check: the yardstick for the lab's own time.

variable "peering" { type = bool }
variable "public_key" { type = string }

locals {
  sides = {
    requester = { number = 1, cidr = "10.41.0.0/16", subnet = "10.41.1.0/24", address = "10.41.1.100", peer = "10.42.0.0/16" }
    accepter  = { number = 2, cidr = "10.42.0.0/16", subnet = "10.42.1.0/24", address = "10.42.1.100", peer = "10.41.0.0/16" }
  }
  peered = var.peering ? local.sides : {}
}

data "aws_ssm_parameter" "ami" {
  name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
}

data "aws_availability_zones" "available" {
  state = "available"
  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

resource "aws_key_pair" "lab" {
  key_name   = "terraform-lab"
  public_key = var.public_key
}

resource "aws_vpc" "side" {
  for_each             = local.sides
  cidr_block           = each.value.cidr
  enable_dns_support   = true
  enable_dns_hostnames = true
  tags                 = { Name = "ljhVPC${each.value.number}" }
}

resource "aws_internet_gateway" "side" {
  for_each = local.sides
  vpc_id   = aws_vpc.side[each.key].id
  tags     = { Name = "ljhVPCPeering-IGW${each.value.number}" }
}

resource "aws_route_table" "side" {
  for_each = local.sides
  vpc_id   = aws_vpc.side[each.key].id
  tags     = { Name = "ljhVPCPeering-RT${each.value.number}" }
}

resource "aws_route" "default" {
  for_each               = local.sides
  route_table_id         = aws_route_table.side[each.key].id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.side[each.key].id
}

resource "aws_subnet" "side" {
  for_each                = local.sides
  vpc_id                  = aws_vpc.side[each.key].id
  cidr_block              = each.value.subnet
  availability_zone       = data.aws_availability_zones.available.names[0]
  map_public_ip_on_launch = true
  tags                    = { Name = "ljhVPCPeering-VPC${each.value.number}-Subnet1" }
}

resource "aws_route_table_association" "side" {
  for_each       = local.sides
  route_table_id = aws_route_table.side[each.key].id
  subnet_id      = aws_subnet.side[each.key].id
}

resource "aws_security_group" "side" {
  for_each    = local.sides
  name        = "ljhVPC${each.value.number}-EC2-SecurityGroup"
  description = "VPC${each.value.number}-EC2-SecurityGroup"
  vpc_id      = aws_vpc.side[each.key].id
  tags        = { Name = "ljhVPC${each.value.number}-EC2-SecurityGroup" }
}

resource "aws_vpc_security_group_ingress_rule" "ssh" {
  for_each          = local.sides
  security_group_id = aws_security_group.side[each.key].id
  cidr_ipv4         = "198.51.100.2/32"
  ip_protocol       = "tcp"
  from_port         = 22
  to_port           = 22
}

resource "aws_vpc_security_group_ingress_rule" "icmp" {
  for_each          = local.sides
  security_group_id = aws_security_group.side[each.key].id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "icmp"
  from_port         = -1
  to_port           = -1
}

resource "aws_vpc_security_group_egress_rule" "all" {
  for_each          = local.sides
  security_group_id = aws_security_group.side[each.key].id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "-1"
}

resource "aws_instance" "side" {
  for_each               = local.sides
  ami                    = data.aws_ssm_parameter.ami.insecure_value
  instance_type          = "t3.micro"
  subnet_id              = aws_subnet.side[each.key].id
  private_ip             = each.value.address
  vpc_security_group_ids = [aws_security_group.side[each.key].id]
  key_name               = aws_key_pair.lab.key_name
  user_data              = "#!/bin/bash\nhostnamectl set-hostname ljhVPC${each.value.number}-EC2\n"
  tags                   = { Name = "ljhVPC${each.value.number}-EC2" }

  metadata_options {
    http_endpoint = "enabled"
    http_tokens   = "required"
  }
  root_block_device {
    encrypted   = true
    volume_size = 8
  }
  depends_on = [
    aws_route.default,
    aws_route_table_association.side,
    aws_vpc_security_group_egress_rule.all,
  ]
}

resource "aws_vpc_peering_connection" "lab" {
  count       = var.peering ? 1 : 0
  vpc_id      = aws_vpc.side["requester"].id
  peer_vpc_id = aws_vpc.side["accepter"].id
  tags        = { Name = "ljhVPCPeering" }
}

resource "aws_vpc_peering_connection_accepter" "lab" {
  count                     = var.peering ? 1 : 0
  vpc_peering_connection_id = aws_vpc_peering_connection.lab[0].id
  auto_accept               = true
  tags                      = { Name = "ljhVPCPeering" }
}

resource "aws_route" "peer" {
  for_each                  = local.peered
  route_table_id            = aws_route_table.side[each.key].id
  destination_cidr_block    = each.value.peer
  vpc_peering_connection_id = aws_vpc_peering_connection_accepter.lab[0].vpc_peering_connection_id
}

resource "aws_vpc_security_group_ingress_rule" "http" {
  for_each          = local.peered
  security_group_id = aws_security_group.side[each.key].id
  cidr_ipv4         = each.value.peer
  ip_protocol       = "tcp"
  from_port         = 80
  to_port           = 80
}

resource "aws_vpc_peering_connection_options" "requester" {
  count                     = var.peering ? 1 : 0
  vpc_peering_connection_id = aws_vpc_peering_connection_accepter.lab[0].vpc_peering_connection_id
  requester { allow_remote_vpc_dns_resolution = true }
}

resource "aws_vpc_peering_connection_options" "accepter" {
  count                     = var.peering ? 1 : 0
  vpc_peering_connection_id = aws_vpc_peering_connection_accepter.lab[0].vpc_peering_connection_id
  accepter { allow_remote_vpc_dns_resolution = true }
}
