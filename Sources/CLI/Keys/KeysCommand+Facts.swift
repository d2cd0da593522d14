import Foundation
import Keys
import ZeroMQ

// What `statezero keys list` and `statezero keys show` say of a key or token.
extension KeysCommand {
    struct Facts: Encodable {
        let name: String
        let role: Role?
        let created: String
        /// `nil` for a token.
        let publicKey: String?
        let isHTTP: Bool

        enum CodingKeys: String, CodingKey {
            case name, role, created
            case publicKey = "public_key"
            case isHTTP = "http"
        }

        init(_ file: KeyFile) {
            name = file.name
            role = file.role
            created = file.created.formatted(.iso8601)
            publicKey = file.publicKey.text
            isHTTP = false
        }

        init(_ file: TokenFile) {
            name = file.name
            role = file.role
            created = file.created.formatted(.iso8601)
            publicKey = nil
            isHTTP = true
        }

        var line: String {
            [name, role?.rawValue ?? "", created, publicKey ?? "HTTP token"].joined(separator: "  ")
        }
    }
}
