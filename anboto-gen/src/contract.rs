//! The contract as a document: parsed strictly, with the position of every node.
