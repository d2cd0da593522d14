import Testing

import ObjectStorage

/// The examples of "Authenticating Requests", Amazon S3 API Reference, with their published signatures.
@Suite("Signatures of requests")
struct RequestSignatureTests {
    private let signature = RequestSignature(
        key: StorageCredentials.Key(
            id: "AKIAIOSFODNN7EXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"), region: "us-east-1")
    private let host = ("host", "examplebucket.s3.amazonaws.com")
    /// 2013-05-24, midnight UTC.
    private let time = 1_369_353_600

    private func ends(_ headers: [(String, String)], with signature: String) -> Bool {
        headers.contains { $0.0 == "authorization" && $0.1.hasSuffix("Signature=\(signature)") }
    }

    @Test("a range of an object")
    func range() {
        let headers = signature.headers(
            method: "GET", path: "/test.txt", headers: [host, ("range", "bytes=0-9")], time: time)
        #expect(ends(headers, with: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"))
    }

    @Test("writing an object whose name is encoded")
    func put() {
        let headers = signature.headers(
            method: "PUT", path: "/" + RequestSignature.encoded("test$file.text", isPath: true),
            headers: [
                host, ("date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
            ], body: Array("Welcome to Amazon S3.".utf8), time: time)
        #expect(ends(headers, with: "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"))
    }

    @Test("a query without a value")
    func lifecycle() {
        let headers = signature.headers(
            method: "GET", path: "/", query: [("lifecycle", "")], headers: [host], time: time)
        #expect(ends(headers, with: "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"))
    }

    @Test("a listing")
    func list() {
        let headers = signature.headers(
            method: "GET", path: "/", query: [("prefix", "J"), ("max-keys", "2")], headers: [host], time: time)
        #expect(ends(headers, with: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"))
    }

    @Test("a session's token is sent, and signed")
    func token() {
        let key = StorageCredentials.Key(id: "A", secret: "B", token: "C")
        let headers = RequestSignature(key: key, region: "eu-west-1").headers(
            method: "GET", path: "/", headers: [host], time: time)
        #expect(headers.contains { $0 == ("x-amz-security-token", "C") })
        #expect(headers.contains { $0.0 == "authorization" && $0.1.contains("x-amz-date;x-amz-security-token,") })
    }
}
