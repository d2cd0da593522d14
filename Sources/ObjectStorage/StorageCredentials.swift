/// Who sends requests to a storage, and where the storage is: the usual variables of AWS.
package struct StorageCredentials: Sendable {
    /// A key of an account. Its secret is never in a message.
    package struct Key: Sendable {
        let id: String
        let secret: String
        let token: String?

        package init(id: String, secret: String, token: String? = nil) {
            self.id = id
            self.secret = secret
            self.token = token
        }
    }

    /// `nil` sends requests without a signature, as public buckets allow.
    package let key: Key?
    package let region: String
    /// `http://127.0.0.1:9000` and so on; `nil` is AWS.
    package let endpoint: String?

    /// Reads `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, `AWS_REGION` (or `AWS_DEFAULT_REGION`),
    /// `AWS_ENDPOINT_URL_S3` (or `AWS_ENDPOINT_URL`).
    package init(environment: [String: String]) {
        func value(_ names: String...) -> String? {
            names.lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
        }
        region = value("AWS_REGION", "AWS_DEFAULT_REGION") ?? "us-east-1"
        endpoint = value("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL").map {
            $0.hasSuffix("/") ? String($0.dropLast()) : $0
        }
        if let id = value("AWS_ACCESS_KEY_ID"), let secret = value("AWS_SECRET_ACCESS_KEY") {
            key = Key(id: id, secret: secret, token: value("AWS_SESSION_TOKEN"))
        } else {
            key = nil
        }
    }
}
