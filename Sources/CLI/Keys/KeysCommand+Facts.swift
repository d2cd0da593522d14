import Foundation
import Keys
import ZeroMQ

// What `statezero keys list` and `statezero keys show` say of a key or token.
extension KeysCommand {
    struct Facts: Encodable {
        let name: String
        let role: Role?
        /// `nil` for one of no tenant, as in the JSON where it is absent.
        let tenant: String?
        let messagesPerSecond: Int?
        let created: String
        /// `nil` for a token.
        let publicKey: String?
        let isHTTP: Bool

        enum CodingKeys: String, CodingKey {
            case name, role, tenant, created
            case messagesPerSecond = "messages_per_second"
            case publicKey = "public_key"
            case isHTTP = "http"
        }

        init(_ file: KeyFile) {
            name = file.name
            role = file.role
            tenant = file.terms.tenant
            messagesPerSecond = file.terms.messagesPerSecond
            created = file.created.formatted(.iso8601)
            publicKey = file.publicKey.text
            isHTTP = false
        }

        init(_ file: TokenFile) {
            name = file.name
            role = file.role
            tenant = file.terms.tenant
            messagesPerSecond = file.terms.messagesPerSecond
            created = file.created.formatted(.iso8601)
            publicKey = nil
            isHTTP = true
        }

        var line: String {
            let terms = [
                tenant.map { "tenant \($0)" }, messagesPerSecond.map { "at most \($0) messages a second" },
            ]
            return ([name, role?.rawValue ?? "", created, publicKey ?? "HTTP token"] + terms.compactMap(\.self))
                .joined(separator: "  ")
        }
    }
}
