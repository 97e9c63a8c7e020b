"""Certificates as kubeadm makes them (subjects, usages, SANs, lifetimes)."""
import datetime
import hashlib
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

import conf

CLIENT = ExtendedKeyUsageOID.CLIENT_AUTH
SERVER = ExtendedKeyUsageOID.SERVER_AUTH
YEAR = datetime.timedelta(days=365)


def now():
    return datetime.datetime.utcnow().replace(microsecond=0)


def not_after(cert):
    """Naive UTC, whatever the library's age."""
    aware = getattr(cert, "not_valid_after_utc", None)
    return aware.replace(tzinfo=None) if aware else cert.not_valid_after


def new_key():
    return rsa.generate_private_key(65537, int(conf.option("key_bits")))


def new_ec_key():
    return ec.generate_private_key(ec.SECP256R1())


def key_pem(key):
    return key.private_bytes(serialization.Encoding.PEM,
                             serialization.PrivateFormat.TraditionalOpenSSL,
                             serialization.NoEncryption())


def public_pem(key):
    return key.public_key().public_bytes(serialization.Encoding.PEM,
                                         serialization.PublicFormat.SubjectPublicKeyInfo)


def cert_pem(cert):
    return cert.public_bytes(serialization.Encoding.PEM)


def load_cert(pem):
    return x509.load_pem_x509_certificate(pem)


def load_certs(pem):
    end = b"-----END CERTIFICATE-----"
    return [load_cert(part + end) for part in pem.split(end)[:-1]]


def load_key(pem):
    return serialization.load_pem_private_key(pem, None)


def spki_hash(cert):
    """sha256:<hex>, as kubeadm pins a CA (RFC 7469 without base64)."""
    der = cert.public_key().public_bytes(serialization.Encoding.DER,
                                         serialization.PublicFormat.SubjectPublicKeyInfo)
    return "sha256:" + hashlib.sha256(der).hexdigest()


def _name(cn, orgs=()):
    parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, org) for org in orgs]
    return x509.Name(parts + [x509.NameAttribute(NameOID.COMMON_NAME, cn)])


def names(*values):
    """SAN entries: addresses as addresses, the rest as DNS names."""
    result = []
    for value in values:
        try:
            result.append(x509.IPAddress(ipaddress.ip_address(value)))
        except ValueError:
            result.append(x509.DNSName(value))
    return result


def _usage(ca):
    return x509.KeyUsage(digital_signature=True, content_commitment=False,
                         key_encipherment=True, data_encipherment=False, key_agreement=False,
                         key_cert_sign=ca, crl_sign=False, encipher_only=False,
                         decipher_only=False)


def make_ca(cn):
    """(certificate, key), ten years."""
    key = new_key()
    cert = (x509.CertificateBuilder().subject_name(_name(cn)).issuer_name(_name(cn))
            .public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(now() - datetime.timedelta(minutes=5))
            .not_valid_after(now() + 10 * YEAR)
            .add_extension(_usage(True), True)
            .add_extension(x509.BasicConstraints(True, None), True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
            .add_extension(x509.SubjectAlternativeName(names(cn)), False)
            .sign(key, hashes.SHA256()))
    return cert, key


def issue(ca, subject, public_key, usages, sans=(), lifetime=YEAR):
    """A leaf for `public_key`; `subject` is an x509.Name or (CN, [O, ...])."""
    ca_cert, ca_key = ca
    if not isinstance(subject, x509.Name):
        subject = _name(*subject)
    builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(ca_cert.subject)
               .public_key(public_key).serial_number(x509.random_serial_number())
               .not_valid_before(now() - datetime.timedelta(minutes=5))
               .not_valid_after(now() + lifetime)
               .add_extension(_usage(False), True)
               .add_extension(x509.ExtendedKeyUsage(usages), False)
               .add_extension(x509.BasicConstraints(False, None), True)
               .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(
                   ca_cert.public_key()), False))
    if sans:
        builder = builder.add_extension(x509.SubjectAlternativeName(list(sans)), False)
    return builder.sign(ca_key, hashes.SHA256())


def make_csr(key, cn, orgs):
    return (x509.CertificateSigningRequestBuilder().subject_name(_name(cn, orgs))
            .sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))


def load_csr(pem):
    return x509.load_pem_x509_csr(pem)


def subject_parts(name):
    """(CN, [O, ...]) of an x509.Name."""
    cn = [a.value for a in name.get_attributes_for_oid(NameOID.COMMON_NAME)]
    orgs = [a.value for a in name.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)]
    return (cn[0] if cn else ""), orgs


def read_pair(path):
    """(certificate, key) from <path>.crt and <path>.key of the machine."""
    return (load_cert(conf.read_file(conf.root(path + ".crt"), True)),
            load_key(conf.read_file(conf.root(path + ".key"), True)))


def write_pair(path, cert, key):
    conf.write_file(conf.root(path + ".key"), key_pem(key), 0o600)
    conf.write_file(conf.root(path + ".crt"), cert_pem(cert), 0o644)
