import type { EC2 } from "@aws-sdk/client-ec2";
import type { State } from "../../../reachability/state.ts";
import type { Pair } from "../probes.ts";
import type { Call, Puzzle } from "./puzzle.ts";

/** Makes a puzzle's calls one after another, without telling of them. The VPCs are peered as the lab peers them. */
export async function breakIt({ calls }: Pick<Puzzle, "calls">, ec2: EC2, state: State, pair: Pair): Promise<void> {
    const values = valuesOf(state, pair);
    for (const { call, input, keep = {} } of calls) {
        const response = await make(ec2, call, filled(input, values));
        for (const [name, path] of Object.entries(keep)) {
            values.set(name, textAt(response, path));
        }
    }
}

function make(ec2: EC2, call: Call["call"], input: object): Promise<object> {
    // Each method of the client takes the input that the table's types pair it with.
    return (ec2[call] as (input: object) => Promise<object>).call(ec2, input);
}

/**
 * What the names in a puzzle's calls stand for: the connection, and of each VPC, with its number behind the name, the VPC, its
 * block, its server's address and security group, its subnet's route table and network ACL with their associations, its main
 * route table and its internet gateway.
 */
function valuesOf(state: State, pair: Pair): Map<string, string> {
    const [one, two] = pair;
    const values = new Map<string, string | undefined>([
        ["PCX", state.connectionsBetween(one.vpcId, two.vpcId)[0]?.VpcPeeringConnectionId],
    ]);
    for (const [index, { vpcId, cidrBlock, privateIp, securityGroupId, routeTableId, serverId }] of pair.entries()) {
        const subnetId = state.interfacesNamed(serverId)[0]?.item.SubnetId;
        const { RouteTables = [] } = state.vpc(vpcId)?.place ?? {};
        const associations = RouteTables.filter(({ VpcId }) => VpcId === vpcId).flatMap(
            ({ Associations = [] }) => Associations,
        );
        const acl = state.aclOf(subnetId)?.item;
        const ofVpc = {
            VPC: vpcId,
            BLOCK: cidrBlock,
            IP: privateIp,
            SG: securityGroupId,
            RT: routeTableId,
            TABLE_ASSOCIATION: associations.find(({ SubnetId }) => SubnetId === subnetId)?.RouteTableAssociationId,
            MAIN: associations.find(({ Main }) => Main)?.RouteTableId,
            ACL: acl?.NetworkAclId,
            ACL_ASSOCIATION: acl?.Associations?.find(({ SubnetId }) => SubnetId === subnetId)?.NetworkAclAssociationId,
            IGW: state.gatewayOf(vpcId)?.item.InternetGatewayId,
        };
        for (const [name, value] of Object.entries(ofVpc)) {
            values.set(`${name}${index + 1}`, value);
        }
    }
    return new Map([...values].flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])));
}

/** An input with the values of the names in it. */
function filled(input: object, values: ReadonlyMap<string, string>): object {
    const text = JSON.stringify(input).replaceAll(/\$(\w+)/g, (_, name: string) => {
        const value = values.get(name);
        if (value === undefined) {
            throw new Error(`nothing in the lab is called $${name}`);
        }
        return value;
    });
    return JSON.parse(text) as object;
}

/** The text at a path of a response: `Vpc.VpcId`. */
function textAt(response: object, path: string): string {
    let found: unknown = response;
    for (const key of path.split(".")) {
        found = (found as Readonly<Record<string, unknown>> | undefined)?.[key];
    }
    if (typeof found !== "string") {
        throw new Error(`the response has no ${path}`);
    }
    return found;
}
