/**
 * What the parts of one lab VPC are called: the values of their `Name` tags, and a few texts made from them.
 *
 * @param prefix the lab's prefix: `lab`.
 * @param side the number of the VPC within the lab: 1 for the requester, 2 for the accepter.
 * @param label the VPC's own part of the names: `VPC1`.
 */
export function labVpcNames(prefix: string, side: number, label: string) {
    return {
        vpc: `${prefix}${label}`,
        internetGateway: `${prefix}VPCPeering-IGW${side}`,
        routeTable: `${prefix}VPCPeering-RT${side}`,
        subnet: `${prefix}VPCPeering-${label}-Subnet1`,
        securityGroup: `${prefix}${label}-EC2-SecurityGroup`,
        securityGroupDescription: `${label}-EC2-SecurityGroup`,
        /** Also the server's host name. */
        server: `${prefix}${label}-EC2`,
        /** The web page that the server serves, one line of HTML. */
        page: `<html><h1>VPC Peering Lab - ${label} Web Server</h1></html>`,
    };
}

/** The `Name` tag of the peering connection. */
export function peeringName(prefix: string): string {
    return `${prefix}VPCPeering`;
}

/** What a prefix or label may look like: it becomes part of a host name, of tags and of a web page. */
export const namePattern = /^[A-Za-z][A-Za-z0-9-]{0,19}$/;

/** The rule of {@link namePattern} in words. */
export const nameRule = "may have letters, digits and hyphens only, begins with a letter and has 20 characters at most";
