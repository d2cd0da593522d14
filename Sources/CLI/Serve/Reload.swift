import Foundation
import HTTPServing
import Keys
import Logging

/// What servers read again at SIGHUP. What cannot be read stays as it was, and the log says so.
enum Reload {
    static func keys(_ keys: LiveKeys?, _ logger: Logger) {
        guard let keys else { return logger.notice("SIGHUP: without --keys there are no keys to read again") }
        do {
            let admitted = try keys.reload(at: Date())
            logger.notice(
                "keys read again", metadata: ["admitted": "\(admitted)", "tokens": "\(keys.tokens.count)"])
        } catch {
            logger.error("keys unchanged: the folder cannot be used", metadata: ["reason": "\(error)"])
        }
    }

    static func tokens(_ tokens: LiveTokens?, _ logger: Logger) {
        guard let tokens else { return }
        do {
            let admitted = try tokens.reload(at: Date())
            logger.notice("tokens read again", metadata: ["tokens": "\(admitted)"])
        } catch {
            logger.error("tokens unchanged: the folder cannot be used", metadata: ["reason": "\(error)"])
        }
    }

    static func certificates(_ certificates: ServerCertificates?, _ logger: Logger) {
        guard let certificates else { return }
        do {
            try certificates.reload()
            logger.notice(
                "certificate read again", metadata: ["expires": "\(certificates.expires.formatted(.iso8601))"])
            warn(of: certificates, logger)
        } catch {
            logger.error("certificate unchanged: the files cannot be used", metadata: ["reason": "\(error)"])
        }
    }

    /// Says in the log that a certificate is too old.
    static func warn(of certificates: ServerCertificates, _ logger: Logger) {
        guard certificates.expires < Date() else { return }
        logger.warning(
            "clients refuse the certificate: its time is over; replace the file and send SIGHUP",
            metadata: ["expires": "\(certificates.expires.formatted(.iso8601))"])
    }
}
