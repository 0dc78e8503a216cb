// A session's cookie is kept on secure connections only: say so before somebody wonders.

document.getElementById("insecure").hidden = isSecureContext;
