import Foundation
import GRDB
import SQLite

/// A policy of a tenant as a column holds it.
///
/// The cluster's own are stored as in all former versions: their text. A tenant's is a BLOB of the byte FF, the tenant's name,
/// a zero byte, and the policy's id. No text begins with FF in UTF-8, and no tenant's name has a zero byte, so no two
/// policies have the same form, whatever their ids; and a version that knows no tenants takes the row for damaged, not for
/// a policy of its own.
struct StoredPolicy: DatabaseValueConvertible, Hashable {
    let policyID: String
    let tenant: String?

    private static let mark: UInt8 = 0xFF

    init(_ policyID: String, of tenant: String?) {
        self.policyID = policyID
        self.tenant = tenant
    }

    var databaseValue: DatabaseValue {
        guard let tenant else { return StoredText(policyID).databaseValue }
        return Data([Self.mark] + tenant.utf8 + [0] + policyID.utf8).databaseValue
    }

    static func fromDatabaseValue(_ value: DatabaseValue) -> StoredPolicy? {
        guard case .blob(let data) = value.storage, data.first == mark else {
            return StoredText.fromDatabaseValue(value).map { StoredPolicy($0.text, of: nil) }
        }
        guard let end = data.firstIndex(of: 0), end > data.startIndex + 1,
            let tenant = String(validating: data[(data.startIndex + 1)..<end], as: UTF8.self),
            let policyID = String(validating: data[(end + 1)...], as: UTF8.self)
        else { return nil }
        return StoredPolicy(policyID, of: tenant)
    }
}

extension Row {
    /// The policy that a row is about.
    func policy() throws(ColumnFault) -> StoredPolicy { try checked("policy", as: StoredPolicy.self) }
}
