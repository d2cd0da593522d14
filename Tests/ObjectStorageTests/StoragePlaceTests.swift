import Testing

import ObjectStorage

@Suite("Places and answers of storages")
struct StoragePlaceTests {
    private let aws = StorageCredentials(environment: ["AWS_REGION": "eu-west-1"])

    @Test("a bucket of AWS is part of the host, unless its name has dots")
    func aWSHosts() throws {
        let plain = try #require(StoragePlace("s3://rows/a b/c.jsonl", aws))
        #expect(plain.origin + plain.objectPath == "https://rows.s3.eu-west-1.amazonaws.com/a%20b/c.jsonl")
        let dotted = try #require(StoragePlace("s3://my.rows/c", aws))
        #expect(dotted.origin + dotted.objectPath == "https://s3.eu-west-1.amazonaws.com/my.rows/c")
    }

    @Test("another server has the bucket in the path")
    func endpoint() throws {
        let own = StorageCredentials(environment: ["AWS_ENDPOINT_URL": "http://127.0.0.1:9000/"])
        let place = try #require(StoragePlace("s3://rows/k", own))
        #expect(place.origin + place.objectPath == "http://127.0.0.1:9000/rows/k")
        #expect(place.host == "127.0.0.1:9000")
    }

    @Test("a web address keeps its query, and messages do not show it")
    func webAddress() throws {
        let place = try #require(StoragePlace("https://user:word@host/a.jsonl?signature=secret", aws))
        #expect(place.objectPath == "/a.jsonl?signature=secret")
        #expect(place.path == "https://host/a.jsonl")
    }

    @Test("what is no address has no place", arguments: ["s3://", "https://", "https:///x", "ftp://host/x"])
    func noPlace(_ path: String) {
        #expect(StoragePlace(path, aws) == nil)
    }

    @Test("a bucket in another region is named")
    func otherRegion() {
        let redirect = StorageAnswer(status: 301, headers: ["x-amz-bucket-region": "us-west-2"], body: "")
        #expect(redirect.reason(region: "us-east-1", hasKey: true).contains("AWS_REGION=us-west-2"))
        let malformed = StorageAnswer(
            status: 400, headers: [:],
            body: "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-3</Region></Error>")
        #expect(malformed.reason(region: "us-east-1", hasKey: true).contains("AWS_REGION=eu-west-3"))
    }

    @Test("denied, absent and overloaded are different")
    func answers() {
        let denied = StorageAnswer(status: 403, headers: [:], body: "<Error><Code>AccessDenied</Code></Error>")
        #expect(denied.reason(region: "x", hasKey: true).contains("AccessDenied"))
        #expect(denied.reason(region: "x", hasKey: false).contains("no key is set"))
        #expect(!denied.isTemporary)
        #expect(StorageAnswer(status: 503, headers: [:], body: "").isTemporary)
        #expect(
            StorageAnswer(status: 404, headers: [:], body: "").reason(region: "x", hasKey: true).contains("not exist"))
    }

    @Test("a listing gives keys as they are, and the token of the next page")
    func listing() throws {
        let text = """
            <ListBucketResult><IsTruncated>true</IsTruncated>
            <Contents><Key>a%2Bb+c%3C.jsonl</Key><Size>12</Size></Contents>
            <NextContinuationToken>x&amp;y</NextContinuationToken></ListBucketResult>
            """
        let page = try #require(ObjectListing(text))
        #expect(page.objects.map(\.key) == ["a+b c<.jsonl"])
        #expect(page.objects.map(\.bytes) == [12])
        #expect(page.continuation == "x&y")
        #expect(ObjectListing("<html>") == nil)
        #expect(ObjectListing(text.replacing("<Size>12</Size>", with: "")) == nil)
    }
}
