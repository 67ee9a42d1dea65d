//! The files that are written: for their owner's eyes, since that is what becomes of examples.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A file that goes when the testnet does.
#[derive(Debug)]
pub(crate) struct Written(PathBuf);

impl Written {
    /// A private key, in a file of its own among the temporary ones.
    pub(crate) fn private_key(pem: &str) -> Result<Self, String> {
        let name = format!("anboto-testnet-{}.pem", std::process::id());
        let path = std::env::temp_dir().join(name);
        // Not one that somebody else has put there.
        let _ = fs::remove_file(&path);
        write(&path, pem, OpenOptions::new().write(true).create_new(true))?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Writes a file that holds a secret, in place of what is there.
pub(crate) fn write_secret(path: &Path, text: &str) -> Result<(), String> {
    let mut options = OpenOptions::new();
    write(path, text, options.write(true).create(true).truncate(true))
}

fn write(path: &Path, text: &str, options: &mut OpenOptions) -> Result<(), String> {
    let file = private(options).open(path);
    file.and_then(|mut file: File| file.write_all(text.as_bytes()))
        .map_err(|error: io::Error| format!("{} can't be written: {error}", path.display()))
}

/// Readable by its owner alone, where the system knows such a thing.
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options
}
