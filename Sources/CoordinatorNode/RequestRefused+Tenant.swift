import Wire

// Refusals of requests that name a tenant.

extension RequestRefused {
    /// A request of this process names a tenant that has no key, token or policy here.
    static func unknownTenant(_ tenant: String?) -> RequestRefused {
        RequestRefused(
            .request(0), .unknown,
            message: "no key and no token is of the tenant \"\(tenant ?? "")\"; see `statezero keys list`",
            code: "unknown_tenant")
    }
}
