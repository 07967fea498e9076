/** Where a container sees its volumes (core/validation ValidateVolumeMounts, ValidateVolumeDevices). */
import type { Obj } from '../../../lib/json.ts';
import { forbidden, invalid, notFound, required } from '../../machinery/field-errors.ts';
import { descendingPath, type Errors, unsupported } from '../../machinery/spec-checks.ts';
import type { Volumes } from '../volume/volume.ts';

const PROPAGATIONS = ['Bidirectional', 'HostToContainer', 'None'];
const READ_ONLY_MODES = ['Disabled', 'Enabled', 'IfPossible'];

export function validateMounts(container: Obj, volumes: Volumes, path: string, errors: Errors): void {
  const mounts: Obj[] | undefined = container.volumeMounts;
  if (!mounts) return;
  const devices: Obj[] = container.volumeDevices ?? [];
  const paths = new Set<string>();
  for (let i = 0; i < mounts.length; i++) {
    const mount = mounts[i];
    const name = mount.name ?? '';
    const mountPath = mount.mountPath ?? '';
    if (!name) errors.push(required(`${path}[${i}].name`));
    if (!volumes.has(name)) errors.push(notFound(`${path}[${i}].name`, name));
    if (!mountPath) errors.push(required(`${path}[${i}].mountPath`));
    if (paths.has(mountPath)) errors.push(invalid(`${path}[${i}].mountPath`, mountPath, 'must be unique'));
    paths.add(mountPath);
    if (devices.some((d) => (d.name ?? '') === name)) {
      errors.push(invalid(`${path}[${i}].name`, name, 'must not already exist in volumeDevices'));
    }
    if (devices.some((d) => (d.devicePath ?? '') === mountPath)) {
      errors.push(invalid(`${path}[${i}].mountPath`, mountPath, 'must not already exist as a path in volumeDevices'));
    }
    if (mount.subPath) descendingPath(errors, mount.subPath, `${path}.subPath`);
    if (mount.subPathExpr) {
      if (mount.subPath) {
        const detail = 'subPathExpr and subPath are mutually exclusive';
        errors.push(invalid(`${path}[${i}].subPathExpr`, mount.subPathExpr, detail));
      }
      descendingPath(errors, mount.subPathExpr, `${path}.subPathExpr`);
    }
    if (mount.mountPropagation !== undefined) propagation(mount.mountPropagation, container, `${path}.mountPropagation`, errors);
    if (mount.recursiveReadOnly !== undefined) recursiveReadOnly(mount, `${path}.recursiveReadOnly`, errors);
  }
}

function propagation(mode: string, container: Obj, path: string, errors: Errors): void {
  if (!PROPAGATIONS.includes(mode)) errors.push(unsupported(path, mode, PROPAGATIONS));
  if (mode === 'Bidirectional' && !container.securityContext?.privileged) {
    errors.push(forbidden(path, 'Bidirectional mount propagation is available only to privileged containers'));
  }
}

function recursiveReadOnly(mount: Obj, path: string, errors: Errors): void {
  const mode = mount.recursiveReadOnly;
  if (mode === 'Disabled') return;
  if (mode !== 'Enabled' && mode !== 'IfPossible') {
    errors.push(unsupported(path, mode, READ_ONLY_MODES));
    return;
  }
  if (!mount.readOnly) errors.push(forbidden(path, 'may only be specified when readOnly is true'));
  if (mount.mountPropagation !== undefined && mount.mountPropagation !== 'None') {
    errors.push(forbidden(path, 'may only be specified when mountPropagation is None or not specified'));
  }
}

export function validateDevices(container: Obj, volumes: Volumes, path: string, errors: Errors): void {
  const devices: Obj[] | undefined = container.volumeDevices;
  if (!devices) return;
  const mounts: Obj[] = container.volumeMounts ?? [];
  const paths = new Set<string>();
  const names = new Set<string>();
  for (let i = 0; i < devices.length; i++) {
    const at = `${path}[${i}]`;
    const name = devices[i].name ?? '';
    const devicePath = devices[i].devicePath ?? '';
    const volume = volumes.get(name);
    if (!name) errors.push(required(`${at}.name`));
    if (names.has(name)) errors.push(invalid(`${at}.name`, name, 'must be unique'));
    if (volume && !volume.persistentVolumeClaim && !volume.ephemeral) {
      const detail = 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode';
      errors.push(invalid(`${at}.name`, name, detail));
    }
    if (!volume) errors.push(notFound(`${at}.name`, name));
    if (!devicePath) errors.push(required(`${at}.devicePath`));
    if (paths.has(devicePath)) errors.push(invalid(`${at}.devicePath`, devicePath, 'must be unique'));
    if (devicePath.split('/').includes('..')) {
      errors.push(invalid(`${at}.devicePath`, devicePath, "can not contain backsteps ('..')"));
    } else paths.add(devicePath);
    if (mounts.some((m) => (m.name ?? '') === name)) {
      errors.push(invalid(`${at}.name`, name, 'must not already exist in volumeMounts'));
    }
    if (mounts.some((m) => (m.mountPath ?? '') === devicePath)) {
      errors.push(invalid(`${at}.devicePath`, devicePath, 'must not already exist as a path in volumeMounts'));
    }
    if (name) names.add(name);
  }
}
