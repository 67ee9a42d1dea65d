//! The overlay: what is known better than the contract, as OpenAPI Overlay 1.0 actions.
