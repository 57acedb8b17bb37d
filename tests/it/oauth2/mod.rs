//! OAuth 2.0 and `PureWL` over HTTP, as apps and managers meet them.

mod authorize;
mod endpoints;
mod hostile;
mod password;
pub mod program;
mod purewl;
mod tokens;
